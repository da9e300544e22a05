import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toWireId } from '../../domain/ids.js';
import { KEY_SCOPES, ROLES, type Role } from '../../domain/permissions.js';
import { systemEntropy } from '../../vault/entropy.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import type { Operator } from '../world/operators.js';
import { GUARDED, OF_PLATFORM, sampleRequest } from './sample-requests.js';

let world: ApiWorld;
let ada: Operator;
let ben: Operator;
beforeAll(async () => {
  world = await openApiWorld();
  [ada, ben] = [await world.operator(), await world.operator()];
});
afterAll(() => world?.close());

const post = (path: string, token: string, body: object = {}, key = systemEntropy.newId()) =>
  world.call(path, { method: 'POST', token, body, headers: { 'idempotency-key': key } });
const freezeOf = (json: Record<string, unknown>): string => (json['freeze'] as { id: string }).id;

describe('two kinds of credentials that share no route', () => {
  test.each(GUARDED)('%s is closed to an operator, and reads nothing [S1-03]', async (id, shape) => {
    const { path, ...request } = sampleRequest(id, shape);
    for (const sent of [{ token: ada.token }, { headers: { ...request.headers, 'x-api-key': ada.token } }]) {
      world.calls.length = 0;
      const answer = await world.call(path, { ...request, ...sent });
      expect([answer.status, answer.json['code']]).toEqual([401, 'unauthenticated']);
      expect(world.calls).toEqual([]);
    }
  });

  test.each(OF_PLATFORM)('%s is closed to every role and key of a workspace, and reads nothing [S1-03]', async (id, shape) => {
    const { path, ...request } = sampleRequest(id, shape, { workspace_id: toWireId('workspace', world.home.tenantId) });
    const owner = await world.member('owner');
    const tokens = [...(await world.tokensByRole()).values(), (await world.apiKey(owner.person, [...KEY_SCOPES])).token];
    expect(tokens).toHaveLength(Object.keys(ROLES).length + 1);
    world.calls.length = 0;
    for (const token of tokens) expect((await world.call(path, { ...request, token })).json['code']).toBe('unauthenticated');
    const cookie = `__Host-sluice=${owner.token}`;
    expect((await world.call(path, { ...request, headers: { ...request.headers, cookie, 'sec-fetch-site': 'same-origin' } })).status).toBe(401);
    expect(world.calls).toEqual([]);
  });

  test.each(OF_PLATFORM)('%s is closed without a credential, and to a key of an operator that is revoked', async (id, shape) => {
    const gone = await world.operator();
    await world.sql('UPDATE operator_key SET revoked_at = now() WHERE operator_id = $1', [gone.id]);
    const { path, ...request } = sampleRequest(id, shape);
    expect((await world.call(path, request)).status).toBe(401);
    expect((await world.call(path, { ...request, token: gone.token })).json['code']).toBe('unauthenticated');
  });

  test.each(OF_PLATFORM.filter(([, { params }]) => params))('%s of a workspace that is not there is 404', async (id, shape) => {
    const { path, ...request } = sampleRequest(id, shape);
    expect((await world.call(path, { ...request, token: ada.token })).json['code']).toBe('not_found');
  });
});

describe('a frozen workspace', () => {
  test('refuses its sessions and keys at the next request with one error, until two operators have thawed it [S5-37]', async () => {
    const { tenantId } = await world.workspace();
    const path = `/v1/tenants/${toWireId('workspace', tenantId)}`;
    const people = await Promise.all((Object.keys(ROLES) as Role[]).map((role) => world.member(role, tenantId)));
    const [first] = people;
    if (!first) throw new Error('there are no roles');
    const owner = await world.member('owner', tenantId);
    const key = await world.apiKey(owner.person, ['payees.read'], tenantId);
    const codes = async () => {
      const asked = [...people.map(({ token }) => token), key.token];
      return new Set(await Promise.all(asked.map(async (token) => (await world.call('/v1/payees', { token })).json['code'] ?? 'let in')));
    };
    const asked = await post(`${path}/freeze`, ada.token, { reason: 'A key was stolen' });
    expect([asked.status, asked.json['state']]).toEqual([200, 'stopped']);
    expect((await world.call('/v1/payees', { token: key.token })).status).toBe(200);
    const confirmation = { freeze_id: freezeOf(asked.json), step: 'freeze' };
    expect((await post(`${path}/confirm`, ada.token, confirmation)).json['code']).toBe('freeze_same_person');
    expect((await post(`${path}/confirm`, ben.token, confirmation)).json['state']).toBe('frozen');
    expect(await codes()).toEqual(new Set(['workspace_frozen']));
    const refused = await world.call('/v1/payees', { token: key.token });
    expect([refused.status, refused.json['detail']]).toEqual([423, expect.stringContaining('Two of its operators thaw it')]);
    // What stands is shown to operators, and other workspaces go on.
    expect((await world.call(path, { token: ada.token })).json).toMatchObject({ state: 'frozen', freeze: { reason: 'A key was stolen' } });
    expect((await world.call('/v1/payees', { token: (await world.member('viewer')).token })).status).toBe(200);

    await post(`${path}/thaw`, ben.token, { reason: 'The key is revoked' });
    const thaw = { ...confirmation, step: 'thaw' };
    expect((await post(`${path}/confirm`, ben.token, thaw)).json['code']).toBe('freeze_same_person');
    expect((await post(`${path}/confirm`, ada.token, thaw)).json['state']).toBe('open');
    expect((await world.call('/v1/payees', { token: key.token })).status).toBe(200);
    // Sessions of before ended with the freeze.
    expect((await world.call('/v1/payees', { token: first.token })).json['code']).toBe('session_expired');
  });

  test('is frozen once by one request and its repeats', async () => {
    const { tenantId } = await world.workspace();
    const path = `/v1/tenants/${toWireId('workspace', tenantId)}/freeze`;
    const key = systemEntropy.newId();
    const first = await post(path, ada.token, { reason: 'x' }, key);
    const again = await post(path, ada.token, { reason: 'x' }, key);
    expect([again.status, again.headers.get('idempotent-replayed'), again.text]).toEqual([200, 'true', first.text]);
  });
});

describe('tenants', () => {
  test('are made with a live and a test workspace, once for each key, and live asks for signed calls', async () => {
    const key = systemEntropy.newId();
    const owner = { email: 'olu@people.example', name: 'Olu' };
    const shop = { name: 'Corner Shop', plan: 'team', owner };
    const made = await post('/v1/tenants', ada.token, shop, key);
    expect([made.status, made.json['name']]).toEqual([201, 'Corner Shop']);
    const workspaces = made.json['workspaces'] as { id: string; mode: string; state: string }[];
    expect(workspaces.map(({ mode, state }) => [mode, state]).sort()).toEqual([
      ['live', 'open'],
      ['test', 'open'],
    ]);
    const again = await post('/v1/tenants', ada.token, shop, key);
    expect([again.status, again.json]).toEqual([201, made.json]);
    const others = [{ name: 'Another Shop' }, { plan: 'growth' }, { owner: { ...owner, email: 'ola@people.example' } }];
    for (const other of others)
      expect((await post('/v1/tenants', ada.token, { ...shop, ...other }, key)).json['code']).toBe('idempotency_key_reused');
    // Another operator's key is another request.
    expect((await post('/v1/tenants', ben.token, shop, key)).json['id']).not.toBe(made.json['id']);
    expect((await world.call('/v1/tenants', { method: 'POST', token: ada.token, body: shop })).json['code']).toBe('idempotency_key_missing');
    const rows = await world.sql<{ mode: string; signs: boolean }>(
      `SELECT mode, signing_required_at IS NOT NULL AS signs FROM workspace`,
      [],
      workspaces[0]?.id.replace(/^ws_(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    );
    expect(rows).toEqual([{ mode: workspaces[0]?.mode, signs: workspaces[0]?.mode === 'live' }]);
  });

  test('are frozen as a whole by the id of their organization, which the answers name', async () => {
    const made = await post('/v1/tenants', ada.token, { name: 'Corner Shop', plan: 'team', owner: { email: 'olu@people.example', name: 'Olu' } });
    const path = `/v1/organizations/${String(made.json['id'])}`;
    const asked = await post(`${path}/freeze`, ada.token, { reason: 'An owner was robbed' });
    const workspaces = asked.json['workspaces'] as { state: string; freeze: { id: string } }[];
    expect([asked.status, asked.json['id'], workspaces.map(({ state }) => state)]).toEqual([200, made.json['id'], ['stopped', 'stopped']]);
    const confirmed = await post(`${path}/confirm`, ben.token, { freeze_id: workspaces[0]?.freeze.id, step: 'freeze' });
    expect((confirmed.json['workspaces'] as { state: string }[]).map(({ state }) => state)).toEqual(['frozen', 'frozen']);
  });

  test('are listed to operators, a page at a time', async () => {
    const first = await world.call('/v1/tenants?limit=1', { token: ada.token });
    const next = await world.call(`/v1/tenants?limit=1&starting_after=${String(first.json['next_cursor'])}`, { token: ada.token });
    const idOf = ({ json }: typeof first) => (json['data'] as { id: string }[])[0]?.id ?? '';
    expect(idOf(first) > idOf(next)).toBe(true);
  });
});
