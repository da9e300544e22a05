import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Stores } from '../../operations/ports.js';
import { systemEntropy } from '../../vault/entropy.js';
import { until } from '../harness/until.js';
import { rowWaiters } from '../world/lock-waiters.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { type Attempts, openAttempts, type Statement } from './attempts.js';

jest.setTimeout(120_000);

/** What the database holds of API keys by itself, whoever asks: a key only ever ends. */

const { newId } = systemEntropy;
/** The owner of the tables, and the only process that writes keys. */
const WRITERS = ['owner', 'api'] as const;

let world: World;
let attempts: Attempts;
let attempt: Attempts['attempt'];
let owner: Person;
beforeAll(async () => {
  world = await openWorld();
  attempts = await openAttempts(world);
  ({ attempt } = attempts);
  owner = await world.person('admin');
});
afterAll(async () => {
  await attempts?.close();
  await world?.close();
});

interface Made {
  id?: string;
  scopes?: string | null;
  networks?: string;
  /** SQL. */
  expires?: string;
  rotatedFrom?: string | null;
  family?: string | null;
  person?: string;
  more?: string;
}

/** A key as any SQL could make it; `more` is set on top, as `column = value`. */
const insert = ({ id = newId(), scopes = '{batches.read,payees.read}', networks = '{}', expires = 'NULL', ...rest }: Made = {}): Statement => {
  const { rotatedFrom = null, family = null, person = owner.id, more } = rest;
  const [column = 'revoked_at', value = 'NULL'] = more?.split(' = ') ?? [];
  return [
    `INSERT INTO api_key (tenant_id, id, name, prefix, token_hash, owner_person_id, scopes, allowed_networks, expires_at, rotated_from, family_id, ${column})
     VALUES ($1, $2, 'k', 'slk_test_x', $3, $4, $5, $6, ${expires}, $7, $8, ${value})`,
    [world.home.tenantId, id, randomBytes(32), person, scopes, networks, rotatedFrom, family],
  ];
};
const set = (id: string, change: string): Statement => [`UPDATE api_key SET ${change} WHERE id = $1`, [id]];
const HOUR = `now() + interval '1 hour'`;

describe('a key that is there', () => {
  test('stays revoked: the time of its revocation is neither cleared nor moved [S2-20]', async () => {
    const id = newId();
    for (const role of WRITERS) {
      const revoked = [insert({ id }), set(id, 'revoked_at = now()')];
      expect(await attempt(role, ...revoked)).toBeNull();
      for (const change of ['revoked_at = NULL', `revoked_at = ${HOUR}`, `revoked_at = now() - interval '1 day'`])
        expect(await attempt(role, ...revoked, set(id, change))).toMatch(/revoked for ever/);
    }
  });

  test('lives no longer than it was to, and may end earlier', async () => {
    const id = newId();
    for (const role of WRITERS) {
      const made = insert({ id, expires: HOUR });
      for (const change of ['expires_at = NULL', `expires_at = ${HOUR} + interval '1 second'`])
        expect(await attempt(role, made, set(id, change))).toMatch(/gets no longer/);
      expect(await attempt(role, made, set(id, `expires_at = now() + interval '1 minute'`))).toBeNull();
      expect(await attempt(role, insert({ id }), set(id, `expires_at = ${HOUR}`))).toBeNull();
    }
  });

  test('gets no more scopes; the tables’ owner may take some', async () => {
    const id = newId();
    for (const change of [`scopes = '{batches.read,batches.create}'`, `scopes = scopes || '{ledger.read}'`, 'scopes = NULL']) {
      expect(await attempt('owner', insert({ id }), set(id, change))).toMatch(/no more scopes/);
      expect(await attempt('api', insert({ id }), set(id, change))).toMatch(/permission denied/);
    }
    expect(await attempt('owner', insert({ id }), set(id, `scopes = '{batches.read}'`))).toBeNull();
  });

  test('keeps its hash and all else that it was made with', async () => {
    const id = newId();
    for (const change of [
      `token_hash = sha256('another')`,
      `prefix = 'slk_live_y'`,
      `allowed_networks = '{203.0.113.0/24}'`,
      'owner_person_id = gen_random_uuid()',
      'family_id = gen_random_uuid()',
      'id = gen_random_uuid()',
      `created_at = created_at - interval '1 day'`,
      `name = 'another'`,
    ]) {
      expect(await attempt('owner', insert({ id }), set(id, change))).toMatch(/stays as it was made/);
      expect(await attempt('api', insert({ id }), set(id, change))).toMatch(/permission denied/);
    }
  });

  test('is never deleted, so that its name stays known and its hash is never used again', async () => {
    const id = newId();
    expect(await attempt('owner', insert({ id }), ['DELETE FROM api_key WHERE id = $1', [id]])).toMatch(/never deleted/);
    expect(await attempt('api', insert({ id }), ['DELETE FROM api_key WHERE id = $1', [id]])).toMatch(/permission denied/);
  });

  test('is rotated once, and ends within a day of it', async () => {
    const id = newId();
    for (const role of WRITERS) {
      const made = insert({ id });
      expect(await attempt(role, made, set(id, 'rotated_at = now()'))).toMatch(/ends within a day/);
      expect(await attempt(role, made, set(id, `rotated_at = now(), expires_at = now() + interval '24 hours 1 second'`))).toMatch(/within a day/);
      const rotated = [made, set(id, `rotated_at = now(), expires_at = now() + interval '24 hours'`)];
      expect(await attempt(role, ...rotated)).toBeNull();
      for (const change of ['rotated_at = NULL', `rotated_at = ${HOUR}`])
        expect(await attempt(role, ...rotated, set(id, change))).toMatch(/rotated once/);
    }
  });

  test('keeps its last use, which moves on only', async () => {
    const id = newId();
    const used = [insert({ id }), set(id, 'last_used_at = now()')];
    for (const role of WRITERS) {
      for (const change of ['last_used_at = NULL', `last_used_at = now() - interval '1 second'`])
        expect(await attempt(role, ...used, set(id, change))).toMatch(/not taken back/);
      expect(await attempt(role, ...used, set(id, `last_used_at = ${HOUR}`))).toBeNull();
    }
  });
});

describe('a key that begins', () => {
  test('is unused, has scopes, and networks that Postgres can read', async () => {
    for (const more of ['revoked_at = now()', 'rotated_at = now()', 'last_used_at = now()'])
      expect(await attempt('owner', insert({ more }))).toMatch(/unused/);
    expect(await attempt('owner', insert({ scopes: null }))).toMatch(/"scopes"/);
    for (const networks of ['{office}', '{203.0.113.7/24}', '{2001:db8::1/32}']) expect(await attempt('api', insert({ networks }))).toMatch(/cidr/);
    expect(await attempt('api', insert({ networks: '{203.0.113.0/24,2001:db8::/32}' }))).toBeNull();
    expect(await attempt('api', insert({ family: newId() }))).toMatch(/of no family/);
  });

  test('takes the place of one that is active, once, with no more than that one has', async () => {
    const id = newId();
    const old = insert({ id, networks: '{203.0.113.0/24}', expires: HOUR });
    const next: Made = { networks: '{203.0.113.0/24}', expires: HOUR, rotatedFrom: id, family: id };
    for (const role of WRITERS) {
      expect(await attempt(role, old, insert(next))).toBeNull();
      expect(await attempt(role, old, insert(next), insert(next))).toMatch(/api_key_tenant_id_rotated_from_key/);
      for (const wider of [
        { scopes: '{batches.read,batches.create}' },
        { networks: '{}' },
        { networks: '{203.0.113.0/24,198.51.100.0/24}' },
        { expires: 'NULL' },
        { expires: `${HOUR} + interval '1 second'` },
        { person: newId() },
        { family: newId() },
        { family: null },
      ])
        expect([wider, await attempt(role, old, insert({ ...next, ...wider }))]).toEqual([wider, expect.stringMatching(/gets no more than/)]);
      for (const over of ['revoked_at = now()', 'expires_at = now()', 'rotated_at = now(), expires_at = now()'])
        expect(await attempt(role, old, set(id, over), insert(next))).toMatch(/has ended/);
      expect(await attempt(role, insert({ ...next, rotatedFrom: newId() }))).toMatch(/has ended/);
    }
  });
});

test('a use is noted once a minute at most, whoever asks, with the network and never an address', async () => {
  const id = newId();
  await world.sql(...(insert({ id }) as [string, unknown[]]));
  const noted = async () =>
    (await world.sql<{ at: Date; network: string }>('SELECT last_used_at AS at, last_used_from AS network FROM api_key WHERE id = $1', [id]))[0];
  const use = (network: string) => world.api().inTenant((stores) => stores.apiKeys.noteUse(id, network));
  await Promise.all(Array.from({ length: 16 }, (_, i) => use(`10.0.${i}.0/24`)));
  const first = await noted();
  expect(first?.network).toMatch(/^10\.0\.\d+\.0\/24$/);
  await use('192.0.2.0/24');
  expect(await noted()).toEqual(first);
});

/** Two transactions, the second of which begins before the first ends and has to wait for it. */
const overlapping = async <T>(first: (stores: Stores) => Promise<unknown>, second: (stores: Stores) => Promise<T>): Promise<T> => {
  const { inTenant } = world.api();
  let waiting: Promise<T> | undefined;
  await inTenant(async (stores) => {
    await first(stores);
    waiting = inTenant(second);
    await until('somebody who waits for a row', async () => ((await rowWaiters(world)) > 0 ? true : undefined));
  });
  if (!waiting) throw new Error('the second transaction did not begin');
  return waiting;
};

test('a key that is held is read by the next one as its holder left it', async () => {
  const id = newId();
  await world.sql(...(insert({ id }) as [string, unknown[]]));
  const next = await overlapping(
    async ({ apiKeys }) => {
      await apiKeys.lock(id);
      await apiKeys.revoke(id);
    },
    ({ apiKeys }) => apiKeys.lock(id),
  );
  expect(next).toMatchObject({ id, revokedAt: expect.any(Date) });
});

test('a refusal is noted once a minute at most for each network, whoever asks, and forgotten after an hour', async () => {
  const id = newId();
  await world.sql(...(insert({ id }) as [string, unknown[]]));
  const note = (network: string) => world.api().inTenant((stores) => stores.apiKeys.noteRefusal(id, network));
  const all = await Promise.all(Array.from({ length: 16 }, () => note('192.0.2.0/24')));
  expect(all.filter(Boolean)).toHaveLength(1);
  expect([await note('198.51.100.0/24'), await note('192.0.2.0/24')]).toEqual([true, false]);
  const age = (ago: string, network: string) =>
    world.sql(`UPDATE api_key_refusal SET at = now() - $1::interval WHERE key_id = $2 AND network = $3`, [ago, id, network]);
  await age('1 minute', '192.0.2.0/24');
  await age('1 hour', '198.51.100.0/24');
  expect(await note('192.0.2.0/24')).toBe(true);
  expect(await world.sql('SELECT network FROM api_key_refusal WHERE key_id = $1', [id])).toEqual([{ network: '192.0.2.0/24' }]);
});

test('a refusal that another process is noting at the same time is not noted again', async () => {
  const id = newId();
  await world.sql(...(insert({ id }) as [string, unknown[]]));
  const note = ({ apiKeys }: Stores) => apiKeys.noteRefusal(id, '192.0.2.0/24');
  expect(await overlapping(note, note)).toBe(false);
});
