import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { RouteShape } from '../../contracts/route-shape.js';
import type { RouteId } from '../../contracts/routes.js';
import { isOperatorPermission, type Permission, ROLES, type Role } from '../../domain/permissions.js';
import { systemEntropy } from '../../vault/entropy.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import { sendRaw } from './raw-http.js';
import { ROUTE_LIST, sampleRequest } from './sample-requests.js';

let world: ApiWorld;
let tokens: ReadonlyMap<Role, string>;
let operator: string;

beforeAll(async () => {
  world = await openApiWorld();
  tokens = await world.tokensByRole();
  operator = (await world.operator()).token;
});
afterAll(() => world.close());
beforeEach(() => {
  world.calls.length = 0;
});

/** The token of somebody who may, or none for a public route. */
const tokenFor = ({ permission }: RouteShape): { token?: string } => {
  if (isOperatorPermission(permission)) return { token: operator };
  const role = (Object.keys(ROLES) as Role[]).find((one) => (ROLES[one] as readonly Permission[]).includes(permission as Permission));
  const token = role && tokens.get(role);
  return token ? { token } : {};
};

const send = async (id: RouteId, shape: RouteShape, change: { query?: string; body?: object }) => {
  const { path, body, ...request } = sampleRequest(id, shape);
  const query = change.query ? `${path.includes('?') ? '&' : '?'}${change.query}` : '';
  const sent = change.body ? { body: { ...(body as object), ...change.body } } : body ? { body } : {};
  return world.call(`${path}${query}`, { ...request, ...sent, ...tokenFor(shape) });
};

const refusalOf = ({ status, json }: Awaited<ReturnType<typeof send>>) => {
  const [error] = (json['errors'] ?? []) as { field: string; reason: string; message: string }[];
  return { status, code: json['code'], field: error?.field, reason: error?.reason };
};

describe('nothing that is typed is dropped', () => {
  test.each(ROUTE_LIST.filter(([, { format }]) => format !== 'raw'))(
    '%s refuses a parameter that it does not know, and reads nothing',
    async (id, shape) => {
      const answer = await send(id, shape, { query: 'dry-run=true' });
      expect(refusalOf(answer)).toEqual({ status: 422, code: 'invalid_request', field: 'dry-run', reason: 'unknown_field' });
      expect(world.calls).toEqual([]);
    },
  );

  test.each(ROUTE_LIST.filter(([, { method, format }]) => method !== 'GET' && format !== 'raw'))(
    '%s refuses a member that it does not know, and reads nothing',
    async (id, shape) => {
      const answer = await send(id, shape, { body: { dry_run: true } });
      expect(refusalOf(answer)).toEqual({ status: 422, code: 'invalid_request', field: 'dry_run', reason: 'unknown_field' });
      expect(world.calls).toEqual([]);
    },
  );

  test.each(ROUTE_LIST.filter(([, { method }]) => method === 'GET'))('%s refuses a body, and reads nothing', async (id, shape) => {
    const { token = '' } = tokenFor(shape);
    const head = [
      `GET ${sampleRequest(id, shape).path} HTTP/1.1`,
      'Host: localhost',
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
    ];
    const { status, text } = await sendRaw(world.url, [...head, 'Content-Length: 21'], '{"state":"executing"}');
    expect([status, text.includes('"malformed_request"')]).toEqual([400, true]);
    expect(world.calls).toEqual([]);
  });

  test('the nearest known one is named, in its place', async () => {
    const create = ROUTE_LIST.find(([id]) => id === 'create_payout_batch') as [RouteId, RouteShape];
    const messages = async (change: Parameters<typeof send>[2]) =>
      ((await send(...create, change)).json['errors'] as { field: string; message: string }[]).map(({ field, message }) => `${field}: ${message}`);
    expect(await messages({ query: 'validate-only=true' })).toEqual([
      'validate-only: there is no such field; did you mean validate_only? known are validate_only',
    ]);
    expect(await messages({ body: { validate_only: true } })).toEqual([
      'validate_only: there is no such field; validate_only belongs into the query of the address',
    ]);
    expect(await messages({ query: 'currency=EUR' })).toEqual(['currency: there is no such field; currency belongs into the body']);
    expect(await messages({ body: { execute_not_befor: '2030-01-01T00:00:00Z' } })).toEqual([
      expect.stringMatching(/^execute_not_befor: there is no such field; did you mean execute_not_before\? known are currency, /),
    ]);
    const item = { payee: { reference: 'a', ibn: 'x' }, amount: 1, reference: 'r', remitance: 'x' };
    expect(await messages({ body: { items: [item] } })).toEqual([
      expect.stringMatching(/^items\.0\.payee\.ibn: there is no such field; did you mean iban\? known are /),
      expect.stringMatching(/^items\.0\.remitance: there is no such field; did you mean remittance\? known are /),
    ]);
    const far = { payee: { reference: 'a', bar: 'x' }, amount: 1, reference: 'r' };
    expect(await messages({ body: { items: [far] } })).toEqual([expect.stringMatching(/^items\.0\.payee\.bar: there is no such field; known are /)]);
  });

  test('a list in place of the body is named as the body', async () => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': systemEntropy.newId() };
    const { status, json } = await world.call('/v1/payout-batches', {
      method: 'POST',
      headers,
      body: '[]',
      ...(tokens.get('preparer') ? { token: tokens.get('preparer') as string } : {}),
    });
    expect([status, json['errors']]).toEqual([422, [expect.objectContaining({ field: 'body' })]]);
  });

  test('a file takes no parameter that it does not know either', async () => {
    const headers = { 'content-type': 'text/csv', 'idempotency-key': systemEntropy.newId() };
    const answer = await world.call('/v1/payout-batches?currency=EUR&rail=sandbox&execute_not_befor=2030-01-01T00:00:00Z', {
      ...{ method: 'POST', headers, body: 'payee_reference,amount,reference\na,1.00,r\n' },
      ...(tokens.get('preparer') ? { token: tokens.get('preparer') as string } : {}),
    });
    expect(refusalOf(answer)).toEqual({ status: 422, code: 'invalid_request', field: 'execute_not_befor', reason: 'unknown_field' });
    expect(world.calls).toEqual([]);
  });
});
