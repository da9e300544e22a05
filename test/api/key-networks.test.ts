import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { fromWireId } from '../../domain/ids.js';
import { until } from '../harness/until.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import type { Person } from '../world/people.js';
import { sendRaw } from './raw-http.js';

/** Where API keys are used from. The tests connect from 127.0.0.1, which one of the two APIs takes for a proxy. */

let world: ApiWorld;
let behindProxy: ApiWorld;
const people = new Map<ApiWorld, Person>();
beforeAll(async () => {
  world = await openApiWorld();
  behindProxy = await openApiWorld({ trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] });
  for (const api of [world, behindProxy]) people.set(api, await api.person('admin'));
});
afterEach(() => {
  for (const api of [world, behindProxy]) api.refusedKeys.length = 0;
});
afterAll(async () => {
  await world?.close();
  await behindProxy?.close();
});

const keyOf = async (api: ApiWorld, ...networks: string[]) => {
  const owner = people.get(api) ?? (await api.person('admin'));
  const key = await api.apiKey(owner, ['payees.read', 'payees.write'], api.home.tenantId, networks);
  return { ...key, uuid: fromWireId('apiKey', key.id) ?? '' };
};
const ask = async (api: ApiWorld, token: string, forwarded?: string) =>
  (await api.call('/v1/payees', { token, ...(forwarded === undefined ? {} : { headers: { 'x-forwarded-for': forwarded } }) })).status;
const uses = (api: ApiWorld, uuid: string) =>
  api.sql<{ result: string; detail: { network: string; route: string } }>(
    `SELECT result, detail FROM audit_event WHERE action = 'api_key.use' AND subject_id = $1 ORDER BY subject_seq`,
    [uuid],
  );

describe('without a trusted proxy', () => {
  test('a key is used from its networks alone, whatever X-Forwarded-For says [S3-17]', async () => {
    const [inside, outside] = [await keyOf(world, '127.0.0.0/8'), await keyOf(world, '203.0.113.0/24')];
    for (const said of [undefined, '203.0.113.7', '127.0.0.1', '::ffff:203.0.113.7', 'x, 203.0.113.7', '203.0.113.7, 127.0.0.1']) {
      expect([said, await ask(world, inside.token, said)]).toEqual([said, 200]);
      expect([said, await ask(world, outside.token, said)]).toEqual([said, 403]);
    }
  });

  test('other headers that name an address are believed no more', async () => {
    const { token } = await keyOf(world, '203.0.113.0/24');
    for (const name of ['forwarded', 'x-real-ip', 'x-client-ip', 'cf-connecting-ip', 'true-client-ip'])
      expect((await world.call('/v1/payees', { token, headers: { [name]: name === 'forwarded' ? 'for=203.0.113.7' : '203.0.113.7' } })).status).toBe(
        403,
      );
  });

  test('a key without networks is used from everywhere, and a session has none', async () => {
    expect(await ask(world, (await keyOf(world)).token)).toBe(200);
    expect(await ask(world, (await world.member('admin')).token)).toBe(200);
  });
});

describe('behind a trusted proxy', () => {
  test('the last address that is no proxy’s is the client, so what a client adds in front counts for nothing [S3-17]', async () => {
    const { token } = await keyOf(behindProxy, '203.0.113.0/24');
    for (const [forwarded, status] of [
      ['203.0.113.7', 200],
      ['198.51.100.7', 403],
      ['203.0.113.7, 198.51.100.7', 403],
      ['198.51.100.7, 203.0.113.7', 200],
      ['203.0.113.7, 10.1.2.3', 200],
      ['203.0.113.7, 198.51.100.7, 10.1.2.3', 403],
      ['::ffff:203.0.113.7', 200],
      ['::FFFF:cb00:7107', 200],
      ['203.0.113.7:1234', 403],
      ['203.0.113.007', 403],
      ['unknown', 403],
      ['', 403],
    ] as const)
      expect([forwarded, await ask(behindProxy, token, forwarded)]).toEqual([forwarded, status]);
  });

  test('several lines X-Forwarded-For are one list in their order', async () => {
    const { token } = await keyOf(behindProxy, '203.0.113.0/24');
    const send = async (...forwarded: string[]) => {
      const lines = forwarded.map((one) => `X-Forwarded-For: ${one}`);
      return (await sendRaw(behindProxy.url, ['GET /v1/payees HTTP/1.1', 'Host: localhost', `Authorization: Bearer ${token}`, ...lines])).status;
    };
    expect(await send('198.51.100.7', '203.0.113.7')).toBe(200);
    expect(await send('203.0.113.7', '198.51.100.7')).toBe(403);
    expect(await send('203.0.113.7', '10.1.2.3', '::ffff:10.1.2.4')).toBe(200);
  });

  test('a proxy that passes no address on is itself the client', async () => {
    expect(await ask(behindProxy, (await keyOf(behindProxy, '127.0.0.1/32')).token)).toBe(200);
    expect(await ask(behindProxy, (await keyOf(behindProxy, '203.0.113.0/24')).token)).toBe(403);
  });

  test('IPv6 clients are told apart by their networks', async () => {
    const { token } = await keyOf(behindProxy, '2001:db8:1::/48');
    expect(await ask(behindProxy, token, '2001:DB8:1:0::9')).toBe(200);
    expect(await ask(behindProxy, token, '2001:db8:2::9')).toBe(403);
  });
});

describe('a use from elsewhere', () => {
  test('is refused by a code of its own, counted, and says from where it came', async () => {
    const { token } = await keyOf(world, '203.0.113.0/24');
    world.calls.length = 0;
    const { status, json } = await world.call('/v1/payees', { token });
    expect([status, json['code'], json['network']]).toEqual([403, 'network_not_allowed', '127.0.0.0/24']);
    expect(json['detail']).not.toContain('203.0.113');
    expect(world.refusedKeys).toEqual(['network_not_allowed']);
    // The last use of an earlier key may still be being noted.
    expect(world.calls.filter((call) => call !== 'apiKeys.noteUse')).toEqual(['apiKeys.noteRefusal', 'audit.append']);
  });

  test('reads and changes nothing, and is no use of the key', async () => {
    const { token, uuid } = await keyOf(world, '203.0.113.0/24');
    const body = { reference: 'from-elsewhere', name: 'E', country: 'DE', account_token: 'acct_ok_1' };
    expect((await world.call('/v1/payees', { method: 'POST', token, body })).status).toBe(403);
    expect(await world.sql(`SELECT 1 FROM payee WHERE reference = 'from-elsewhere'`)).toEqual([]);
    expect(await world.sql('SELECT last_used_at FROM api_key WHERE id = $1', [uuid])).toEqual([{ last_used_at: null }]);
  });

  test('stands in the audit log once a minute for each key and network, however many there are [S3-20]', async () => {
    const [one, other] = [await keyOf(behindProxy, '203.0.113.0/24'), await keyOf(behindProxy, '203.0.113.0/24')];
    const flood = Array.from({ length: 48 }, (_, i) => ask(behindProxy, one.token, i % 2 === 0 ? `198.51.100.${i}` : `2001:db8:1::${i}`));
    expect(new Set(await Promise.all(flood))).toEqual(new Set([403]));
    await ask(behindProxy, other.token, '198.51.100.1');
    const of = (network: string) => ({ result: 'network_not_allowed', detail: { network, route: 'list_payees' } });
    const events = (await uses(behindProxy, one.uuid)).sort((a, b) => a.detail.network.localeCompare(b.detail.network));
    expect(events).toEqual([of('198.51.100.0/24'), of('2001:db8:1::/48')]);
    expect(await uses(behindProxy, other.uuid)).toEqual([of('198.51.100.0/24')]);
    expect(behindProxy.refusedKeys).toHaveLength(49);

    await behindProxy.sql(`UPDATE api_key_refusal SET at = at - interval '1 minute' WHERE key_id = $1`, [one.uuid]);
    await ask(behindProxy, one.token, '198.51.100.1');
    expect(await uses(behindProxy, one.uuid)).toHaveLength(3);
  });

  test('names its key and owner as the actor, and no address that is a person’s', async () => {
    const key = await keyOf(behindProxy, '203.0.113.0/24');
    await ask(behindProxy, key.token, '198.51.100.77');
    const [event] = (await behindProxy.audited('api_key.use')).slice(-1);
    expect(event?.actor).toMatchObject({ type: 'api_key', keyId: key.uuid, ownerPersonId: people.get(behindProxy)?.id });
    expect(JSON.stringify([await uses(behindProxy, key.uuid), await behindProxy.everyRow(behindProxy.home.tenantId)])).not.toContain('198.51.100.77');
  });

  test('from an address that can’t be read is refused and written down as such', async () => {
    const key = await keyOf(behindProxy, '203.0.113.0/24');
    const { json } = await behindProxy.call('/v1/payees', { token: key.token, headers: { 'x-forwarded-for': '_hidden' } });
    expect(json['detail']).toContain('an address that is not known');
    expect(await uses(behindProxy, key.uuid)).toEqual([{ result: 'network_not_allowed', detail: { network: 'unknown', route: 'list_payees' } }]);
  });
});

describe('the last use of a key', () => {
  const lastUse = async (api: ApiWorld, uuid: string) =>
    (
      await api.sql<{ at: Date | null; network: string | null }>('SELECT last_used_at AS at, last_used_from AS network FROM api_key WHERE id = $1', [
        uuid,
      ])
    )[0];

  test('is noted with time and network, and shown in the list', async () => {
    const key = await keyOf(behindProxy);
    expect(await ask(behindProxy, key.token, '198.51.100.7')).toBe(200);
    await until('the use is noted', async () => (await lastUse(behindProxy, key.uuid))?.at ?? undefined);
    const { token } = await behindProxy.member('admin');
    const listed = (await behindProxy.call('/v1/api-keys?limit=200', { token })).json['data'] as Record<string, unknown>[];
    expect(listed.find(({ id }) => id === key.id)).toMatchObject({
      last_used_at: expect.any(String),
      last_used_from: '198.51.100.0/24',
      state: 'active',
    });
  });

  test('is written once a minute: requests within it write nothing, the first one after it does', async () => {
    const [lately, before] = [await keyOf(world), await keyOf(world)];
    await world.sql(`UPDATE api_key SET last_used_at = now() - interval '30 seconds' WHERE id = $1`, [lately.uuid]);
    await world.sql(`UPDATE api_key SET last_used_at = now() - interval '1 minute' WHERE id = $1`, [before.uuid]);
    const [first, second] = [await lastUse(world, lately.uuid), await lastUse(world, before.uuid)];
    for (let i = 0; i < 3; i++) expect(await ask(world, lately.token)).toBe(200);
    expect(await ask(world, before.token)).toBe(200);
    await until('the later use is noted', async () => ((await lastUse(world, before.uuid))?.network === '127.0.0.0/24' ? true : undefined));
    expect(Number((await lastUse(world, before.uuid))?.at)).toBeGreaterThan(Number(second?.at));
    expect(await lastUse(world, lately.uuid)).toEqual(first);
  });
});

describe('a key that ended', () => {
  test('is refused in the next request of every process, with the same words as one that never was [S2-20]', async () => {
    const never = await world.call('/v1/payees', { token: world.services.credentials.newToken('api_key', 'test').token });
    // As another process, or somebody at the database, would do it.
    for (const ends of ['revoked_at = now()', 'expires_at = now()', 'rotated_at = now(), expires_at = now()']) {
      const key = await keyOf(world);
      expect(await ask(world, key.token)).toBe(200);
      await world.sql(`UPDATE api_key SET ${ends} WHERE id = $1`, [key.uuid]);
      const { status, json } = await world.call('/v1/payees', { token: key.token });
      expect([ends, status, json['code'], json['detail']]).toEqual([ends, 401, 'unauthenticated', never.json['detail']]);
    }
  });

  test('is refused as unknown from outside its networks too, so nobody learns that it once was', async () => {
    const key = await keyOf(world, '203.0.113.0/24');
    await world.sql('UPDATE api_key SET revoked_at = now() WHERE id = $1', [key.uuid]);
    expect((await world.call('/v1/payees', { token: key.token })).json['code']).toBe('unauthenticated');
    expect(await uses(world, key.uuid)).toEqual([]);
  });

  test('stops when its owner is disabled, in the next request', async () => {
    const owner = await world.person('admin');
    const { token } = await world.apiKey(owner, ['payees.read']);
    expect(await ask(world, token)).toBe(200);
    await world.sql('UPDATE membership SET disabled_at = now() WHERE person_id = $1', [owner.id]);
    expect(await ask(world, token)).toBe(401);
  });
});

test('a key is rotated over the API: shown once, the old one refused in the next request, and a replay shows nothing', async () => {
  const { token, person } = await world.member('preparer');
  const code = () => world.freshCode(person);
  const body = { code: await code(), name: 'import', scopes: ['payees.read'], allowed_networks: ['127.0.0.1', '::ffff:203.0.113.0/120'] };
  const made = (await world.call('/v1/api-keys', { method: 'POST', token, body })).json;
  expect(made['allowed_networks']).toEqual(['127.0.0.1/32', '203.0.113.0/24']);
  const request = { method: 'POST', token, body: { code: await code() }, headers: { 'idempotency-key': 'rotate-1' } };
  const path = `/v1/api-keys/${made['id']}/rotate`;
  const rotated = await world.call(path, request);
  expect([rotated.status, rotated.json['rotated_from'], rotated.json['allowed_networks']]).toEqual([201, made['id'], made['allowed_networks']]);
  expect([await ask(world, String(made['secret'])), await ask(world, String(rotated.json['secret']))]).toEqual([401, 200]);
  const replay = await world.call(path, request);
  expect([replay.status, replay.json['code'], replay.json['subject']]).toEqual([409, 'secret_not_replayable', rotated.json['id']]);
  for (const grace_seconds of [-1, 86_401, 0.5, '60'])
    expect(
      (await world.call(`/v1/api-keys/${rotated.json['id']}/rotate`, { method: 'POST', token, body: { grace_seconds, code: '123456' } })).json,
    ).toMatchObject({
      code: 'invalid_request',
      errors: [{ field: 'grace_seconds' }],
    });
});
