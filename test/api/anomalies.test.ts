import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { noteInTurns } from '../../api/note-in-turns.js';
import type { AnomalyKind, AnomalyStep } from '../../domain/anomalies.js';
import { toWireId } from '../../domain/ids.js';
import { noteAnomaly } from '../../operations/anomaly/note.js';
import { systemEntropy } from '../../vault/entropy.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import type { Person } from '../world/people.js';
import { uuidOf } from '../world/wire.js';

/** Refusals as they are counted on the path of a request. */

let world: ApiWorld;
let owner: Person;
const counted: { kind: AnomalyKind; step: AnomalyStep }[] = [];
beforeAll(async () => {
  world = await openApiWorld({ noteAnomaly: noteInTurns(noteAnomaly), countAnomaly: (what) => void counted.push(what) });
  owner = await world.person('admin');
});
beforeEach(() => {
  counted.length = 0;
});
afterAll(() => world?.close());

const rule = (kind: AnomalyKind, alertAt: number, suspendAt: number | null) =>
  world.as(owner).inTenant((stores) => stores.anomalies.setRule({ kind, alertAt, suspendAt, setBy: owner.id }));
const ABSENT = () => `/v1/payees/${toWireId('payee', systemEntropy.newId())}`;
const codesOf = async (times: number, send: () => ReturnType<ApiWorld['call']>): Promise<unknown[]> => {
  const codes = [];
  for (let i = 0; i < times; i++) codes.push((await send()).json['code'] ?? 'let in');
  return codes;
};

describe('a key', () => {
  test.each<[AnomalyKind, string, (token: string) => ReturnType<ApiWorld['call']>, string[]]>([
    ['key_outside_networks', 'network_not_allowed', (token) => world.call('/v1/payees', { token }), ['203.0.113.0/24']],
    ['key_forbidden', 'forbidden', (token) => world.call('/v1/api-keys', { token }), []],
    ['key_not_found', 'not_found', (token) => world.call(ABSENT(), { token }), []],
    [
      'signature_refused',
      'signature_invalid',
      (token) => world.call('/v1/payees', { token, headers: { signature: 'sig=:AA==:', 'signature-input': 'sig=()' } }),
      [],
    ],
  ])('%s: told at its threshold, suspended at the other, refused in the next request [S2-20] [S5-23]', async (kind, code, send, networks) => {
    await rule(kind, 2, 4);
    const { id, token } = await world.apiKey(owner, ['payees.read'], world.home.tenantId, networks);
    expect(await codesOf(3, () => send(token))).toEqual([code, code, code]);
    expect(counted).toEqual([{ kind, step: 'alert' }]);
    expect(await codesOf(1, () => send(token))).toEqual([code]);
    expect(counted).toEqual([
      { kind, step: 'alert' },
      { kind, step: 'suspend' },
    ]);
    const refused = await world.call('/v1/payees', { token });
    expect([refused.status, refused.json['code'], refused.json['key']]).toEqual([403, 'key_suspended', id]);
    expect(refused.json['detail']).toContain(`sluice keys resume ${id}`);
    // What a suspended key sends is no more than that: nothing counts it on.
    expect(counted).toHaveLength(2);
  });

  test('that nobody has, or that ended, suspends nothing and is counted for nobody [S2-20]', async () => {
    await rule('key_not_found', 1, 1);
    await rule('key_forbidden', 1, 1);
    const key = await world.apiKey(owner, ['payees.read']);
    const unknown = world.services.credentials.newToken('api_key', 'test').token;
    const near = `${key.token.slice(0, -1)}${key.token.endsWith('A') ? 'B' : 'A'}`;
    const before = await world.sql('SELECT count(*) FROM anomaly_count');
    for (const token of [unknown, near, 'slk_test_x', '']) expect((await world.call(ABSENT(), { headers: { 'x-api-key': token } })).status).toBe(401);
    await world.as(owner).inTenant((stores) => stores.apiKeys.revoke(uuidOf(key.id)));
    expect(await codesOf(3, () => world.call(ABSENT(), { token: key.token }))).toEqual(['unauthenticated', 'unauthenticated', 'unauthenticated']);
    expect([counted, await world.sql('SELECT count(*) FROM anomaly_count')]).toEqual([[], before]);
  });

  test('that does what it may is not counted, and no statement is sent for it', async () => {
    const { token } = await world.apiKey(owner, ['payees.read']);
    world.calls.length = 0;
    expect((await world.call('/v1/payees', { token })).status).toBe(200);
    expect(world.calls.filter((call) => call.startsWith('anomalies.'))).toEqual([]);
  });

  test('that asks for what is not there yet, and is told when to ask again, is not counted', async () => {
    await rule('key_not_found', 1, 2);
    const { token } = await world.apiKey(owner, ['audit.read']);
    const event = systemEntropy.newId();
    // An event without a leaf: nothing sequences the log of this world.
    const [row] = await world.sql<{ id: string }>('SELECT id FROM audit_event WHERE tenant_id = $1 ORDER BY id DESC LIMIT 1', [world.home.tenantId]);
    const early = () => world.call(`/v1/audit/inclusion?event_id=${toWireId('event', row?.id ?? '')}`, { token });
    const answer = await early();
    expect([answer.status, answer.json['code'], answer.headers.get('retry-after')]).toEqual([404, 'not_found', '1']);
    expect(await codesOf(4, early)).toEqual(Array(4).fill('not_found'));
    expect(counted).toEqual([]);
    await world.call(`/v1/audit/inclusion?event_id=${toWireId('event', event)}`, { token });
    expect(counted).toEqual([{ kind: 'key_not_found', step: 'alert' }]);
  });

  test('refused in 64 requests at once is suspended by one of them', async () => {
    await rule('key_forbidden', 5, 20);
    const { id, token } = await world.apiKey(owner, ['payees.read']);
    await Promise.all(Array.from({ length: 64 }, () => world.call('/v1/api-keys', { token })));
    expect(counted.map(({ step }) => step).sort()).toEqual(['alert', 'suspend']);
    expect((await world.call('/v1/payees', { token })).json['code']).toBe('key_suspended');
    expect(await world.results(uuidOf(id), 'api_key.suspend')).toEqual(['ok']);
  });

  test('goes on after its owner has resumed it over the API, and says so in the list', async () => {
    const { id, token } = await world.apiKey(owner, ['payees.read']);
    await world.api().inTenant((stores) => stores.apiKeys.suspend(uuidOf(id)));
    const session = await world.sessionOf(owner);
    const listed = async () =>
      ((await world.call('/v1/api-keys?limit=200', { token: session })).json['data'] as { id: string }[]).find((one) => one.id === id);
    expect(await listed()).toMatchObject({ state: 'suspended', suspended_at: expect.any(String) });
    expect((await world.call('/v1/payees', { token })).status).toBe(403);
    const resumed = await world.call(`/v1/api-keys/${id}/resume`, { method: 'POST', token: session, body: { code: await world.freshCode(owner) } });
    expect([resumed.status, resumed.json['state']]).toEqual([200, 'active']);
    expect((await world.call('/v1/payees', { token })).status).toBe(200);
  });
});

describe('a person', () => {
  test('is told about, and goes on working', async () => {
    await rule('person_not_found', 2, null);
    const { person, token } = await world.member('viewer');
    expect(await codesOf(5, () => world.call(ABSENT(), { token }))).toEqual(Array(5).fill('not_found'));
    expect(counted).toEqual([{ kind: 'person_not_found', step: 'alert' }]);
    expect((await world.call('/v1/payees', { token })).status).toBe(200);
    expect(await world.results(person.id, 'security.anomaly')).toEqual(['ok']);
  });

  test('who types wrong codes is told about [S5-23]', async () => {
    await rule('person_code_wrong', 2, null);
    const { person, token } = await world.member('preparer');
    const body = { name: 'k', scopes: ['payees.read'], code: await world.wrongCode(person) };
    expect(await codesOf(2, () => world.call('/v1/api-keys', { method: 'POST', token, body }))).toEqual(['code_wrong', 'code_wrong']);
    expect(counted).toEqual([{ kind: 'person_code_wrong', step: 'alert' }]);
  });
});

test('a count that fails leaves the refusal as it is, and says so in the log', async () => {
  const broken = await openApiWorld({ noteAnomaly: () => Promise.reject(new Error('no database')) });
  try {
    const { token } = await broken.member('viewer');
    expect((await broken.call('/v1/api-keys', { token })).json['code']).toBe('forbidden');
    expect(broken.logged.filter((line) => line.includes('a refusal was not counted'))).toHaveLength(1);
  } finally {
    await broken.close();
  }
});
