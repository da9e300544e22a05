import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type ApiWorld, type Call, openApiWorld } from '../world/api.js';
import type { Person } from '../world/people.js';

jest.setTimeout(120_000);

let world: ApiWorld;
beforeAll(async () => {
  world = await openApiWorld();
});
afterAll(() => world?.close());

const post = (path: string, body: object, more: Call = {}) => world.call(path, { method: 'POST', body, ...more });
const signIn = ({ email, password }: Person, more: object = {}) => post('/v1/sessions', { email, password, ...more });

describe('second factors over HTTP', () => {
  test('a session without one is refused what sleeps, in words that say what to do, and may enrol', async () => {
    const who = await world.withoutFactor('admin');
    const session = await signIn(who);
    expect([session.status, session.json['sleeping_permissions']]).toEqual([201, expect.arrayContaining(['gates.approve', 'roles.manage'])]);
    const token = String(session.json['token']);
    for (const [path, body] of [
      ['/v1/api-keys', { name: 'mine', scopes: ['batches.read'], code: '123456' }],
      ['/v1/roles', { name: 'reviewer', permissions: ['batches.read'] }],
    ] as const) {
      const refused = await post(path, body, { token, headers: { 'idempotency-key': 'once' } });
      expect([refused.status, refused.json['code'], refused.json['sleeps']]).toEqual([403, 'forbidden', true]);
      expect(refused.json['detail']).toContain('POST /v1/factors');
    }
    expect((await world.call('/v1/payout-batches', { token })).status).toBe(200);
    const shown = await world.call('/v1/sessions/current', { token });
    expect(shown.json['sleeping_permissions']).toEqual(session.json['sleeping_permissions']);
    const made = await post('/v1/factors', { name: 'phone', password: who.password }, { token });
    expect([made.status, made.json['state']]).toEqual([201, 'pending']);
    const code = await world.code({ ...who, secret: String(made.json['secret']) });
    const confirmed = await post(`/v1/factors/${made.json['id']}/confirm`, { code }, { token });
    expect([confirmed.status, (confirmed.json['recovery_codes'] as string[]).length]).toEqual([200, 10]);
    expect((await post('/v1/api-keys', { name: 'mine', scopes: ['batches.read'], code }, { token })).status).toBe(403);
    for (const secret of [String(made.json['secret']), ...(confirmed.json['recovery_codes'] as string[]), who.password])
      expect(world.logged.join('\n')).not.toContain(secret);
  });

  test('a code that was left out is answered like a wrong one, to the byte', async () => {
    const who = await world.person('approver');
    const left = await signIn(who);
    const wrong = await signIn(who, { code: await world.wrongCode(who) });
    const said = ({ status, text, headers }: typeof left) => [status, text.replaceAll(headers.get('request-id') ?? '', 'REQUEST')];
    expect(said(left)).toEqual(said(wrong));
    expect(left.status).toBe(401);
  });

  test('an answer with a secret is not given twice', async () => {
    const { person, token } = await world.member('approver');
    const request: Call = { token, headers: { 'idempotency-key': 'codes' } };
    const body = { code: await world.code(person) };
    const first = await post('/v1/factors/recovery-codes', body, request);
    const again = await post('/v1/factors/recovery-codes', body, request);
    expect([first.status, again.status, again.json['code']]).toEqual([201, 409, 'secret_not_replayable']);
    expect((await world.call('/v1/factors', { token })).json['recovery_codes_left']).toBe(10);
  });

  test.each([
    ['12345', 'sign-in'],
    ['1234567', 'sign-in'],
    ['a'.repeat(21), 'sign-in'],
    ['', 'sign-in'],
  ])('%j is no code of any kind', async (code) => {
    const who = await world.person('approver');
    expect((await signIn(who, { code })).status).toBe(422);
  });

  test('a recovery code is nothing that a gate reads', async () => {
    const { token } = await world.member('approver');
    const { id } = await world.batch();
    const body = { challenge_id: `challenge_${'0'.repeat(32)}`, code: 'abcde-abcde-abcde-abcde' };
    const wireId = `batch_${id.replaceAll('-', '')}`;
    expect((await post(`/v1/payout-batches/${wireId}/approve`, body, { token, headers: { 'idempotency-key': 'gate' } })).status).toBe(422);
  });
});
