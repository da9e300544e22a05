import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { leasing } from '../../api/rates/leases.js';
import { openRateCounters } from '../../db/rate-counters.js';
import { openRelayStore } from '../../db/relay.js';
import { openRateKey } from '../../vault/rate-key.js';
import { openWorld, type World } from '../world/open.js';
import { handClock } from '../world/rates.js';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const open = new Set<{ close: () => Promise<void> }>();
afterEach(async () => {
  await Promise.all([...open].map((one) => one.close()));
  open.clear();
});

/** The counters of one more API process, and what it noted of the database. */
const anotherProcess = ({ url = world.database.urls.api, patienceMs = 30_000 } = {}) => {
  const noted: string[] = [];
  const counters = openRateCounters({
    ...{ url, patienceMs },
    nameOf: openRateKey(world.keyFile),
    onLost: () => void noted.push('lost'),
    onFound: () => void noted.push('found'),
  });
  open.add(counters);
  return { ...counters, noted, admit: leasing(counters, handClock().now) };
};

const HOUR = 3_600;
const rows = (): Promise<{ key: string; points: number }[]> => world.sql('SELECT key, points FROM rate_counter ORDER BY key');

test.each([
  { requests: 30, seconds: HOUR },
  { requests: 500, seconds: HOUR },
])('behind three processes the limit of $requests is the limit, not three times it [S1-07] [S2-15] [S4-25]', async (limit) => {
  const processes = [anotherProcess(), anotherProcess(), anotherProcess()];
  const key = `read principal ${limit.requests}`;
  const all = await Promise.all(Array.from({ length: 2 * limit.requests }, (_, i) => processes[i % 3]?.admit(key, limit)));
  expect(all.filter((one) => one?.admitted)).toHaveLength(limit.requests);
  for (const { admit } of processes) expect(await admit(key, limit)).toMatchObject({ admitted: false, left: 0 });
  expect((await anotherProcess().admit(key, limit)).admitted).toBe(false);
  expect(processes.flatMap(({ noted }) => noted)).toEqual([]);
});

test('a window that is over counts anew, in the same row', async () => {
  const { take } = anotherProcess();
  const limit = { requests: 10, seconds: HOUR };
  expect(await take('over', 8, limit)).toMatchObject({ granted: 8, left: 2 });
  expect(await take('over', 8, limit)).toMatchObject({ granted: 2, left: 0 });
  const before = await rows();
  await world.sql('UPDATE rate_counter SET expire = (extract(epoch FROM now()) * 1000)::bigint - 1');
  const { granted, left, endsInMs } = await take('over', 3, limit);
  expect([granted, left]).toEqual([3, 7]);
  expect(endsInMs).toBeGreaterThan((HOUR - 60) * 1_000);
  expect((await rows()).map(({ key }) => key)).toEqual(before.map(({ key }) => key));
});

describe('by SQL of the API', () => {
  const limit = { requests: 10, seconds: HOUR };
  const byApi = async (text: string): Promise<unknown> => {
    const client = new pg.Client({ connectionString: world.database.urls.api });
    await client.connect();
    try {
      return await client.query(text);
    } finally {
      await client.end();
    }
  };
  const row = () => world.sql<{ points: number; expire: string }>('SELECT points, expire::text FROM rate_counter');
  beforeEach(() => world.sql('DELETE FROM rate_counter'));

  test('a window that is open keeps its end, and its count does not go down', async () => {
    const { take } = anotherProcess();
    await take('open', 8, limit);
    const before = await row();
    for (const change of ['points = 0', 'expire = 0', 'points = 0, expire = 0', 'points = 3, expire = expire - 1'])
      await byApi(`UPDATE rate_counter SET ${change}`);
    const [after] = await row();
    expect([after?.expire, (after?.points ?? 0) >= 8]).toEqual([before[0]?.expire, true]);
    expect((await take('open', 8, limit)).left).toBe(0);
    await expect(byApi('DELETE FROM rate_counter')).rejects.toThrow(/permission denied/);
  });

  test('no count begins below nothing, and none is so high that nobody can add to it', async () => {
    const { take, noted } = anotherProcess();
    await take('bounds', 1, limit);
    await byApi('UPDATE rate_counter SET points = 1000000000');
    expect((await take('bounds', 1, limit)).granted).toBe(0);
    await world.sql('UPDATE rate_counter SET expire = 0');
    await expect(byApi('UPDATE rate_counter SET points = -1')).rejects.toThrow(/rate_counter_points/);
    expect(noted).toEqual([]);
  });

  test('a process whose clock is ahead adds to the window that is open', async () => {
    await anotherProcess().take('ahead', 8, limit);
    const [before] = await row();
    // As the library writes it when the window is over by the clock of its process.
    await byApi('UPDATE rate_counter SET points = 1, expire = expire + 1000');
    expect(await row()).toEqual([{ points: 9, expire: before?.expire }]);
  });
});

test('the table says of nobody who is counted', async () => {
  await anotherProcess().take('read network 192.0.2.77', 1, { requests: 10, seconds: HOUR });
  const text = JSON.stringify(await rows());
  expect(text).not.toContain('192.0.2');
  expect(text).not.toContain('network');
});

test('without the database a process counts by itself, says so once, and goes back when it answers', async () => {
  const limit = { requests: 3, seconds: HOUR };
  await world.sql('ALTER TABLE rate_counter RENAME TO rate_counter_gone');
  const { take, noted, isLost } = anotherProcess();
  const alone = [await take('insured', 1, limit), await take('insured', 1, limit), await take('insured', 1, limit), await take('insured', 1, limit)];
  expect(alone.map(({ granted }) => granted)).toEqual([1, 1, 1, 0]);
  expect([noted, isLost()]).toEqual([['lost'], true]);
  await world.sql('ALTER TABLE rate_counter_gone RENAME TO rate_counter');
  expect((await take('insured', 1, limit)).granted).toBe(1);
  expect([noted, isLost()]).toEqual([['lost', 'found'], false]);
});

test('a database that cannot be reached stops no request', async () => {
  const unreachable = new URL(world.database.urls.api);
  unreachable.port = '1';
  const { admit, noted } = anotherProcess({ url: unreachable.href });
  expect((await admit('unreachable', { requests: 3, seconds: HOUR })).admitted).toBe(true);
  expect(noted).toEqual(['lost']);
});

test('a database that does not answer is not waited for', async () => {
  const { admit, noted } = anotherProcess({ patienceMs: 2_000 });
  // The connection is there already, so it is the answer that is not waited for.
  await admit('answered', { requests: 3, seconds: HOUR });
  expect(noted).toEqual([]);
  await world.sql('BEGIN');
  try {
    await world.sql('LOCK TABLE rate_counter');
    expect((await admit('hanging', { requests: 3, seconds: HOUR })).admitted).toBe(true);
  } finally {
    await world.sql('ROLLBACK');
  }
  expect(noted).toEqual(['lost']);
});

test('nothing is written ahead of a count: after a crash of the database all count from zero', async () => {
  expect(await world.sql(`SELECT relpersistence AS kind FROM pg_class WHERE relname = 'rate_counter'`)).toEqual([{ kind: 'u' }]);
});

test('only the API counts, nobody but the relay forgets, and it forgets only what is over for an hour', async () => {
  const roles = `unnest(ARRAY['sluice_api', 'sluice_worker', 'sluice_relay', 'sluice_sequencer']) r`;
  const rights = await world.sql<{ role: string; right: string }>(
    `SELECT r AS role, p AS right FROM ${roles}, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) p WHERE has_any_column_privilege(r, 'rate_counter', p)
     UNION ALL SELECT r, 'DELETE' FROM ${roles} WHERE has_table_privilege(r, 'rate_counter', 'DELETE') ORDER BY 2`,
  );
  expect(rights).toEqual(['INSERT', 'SELECT', 'UPDATE'].map((right) => ({ role: 'sluice_api', right })));
  const may = await world.sql<{ role: string }>(
    `SELECT r AS role FROM ${roles} WHERE has_function_privilege(r, 'sluice_prune_rate_counters(int)', 'EXECUTE')`,
  );
  expect(may).toEqual([{ role: 'sluice_relay' }]);

  const relay = openRelayStore(world.database.urls.relay);
  open.add(relay);
  await world.sql('DELETE FROM rate_counter');
  for (const [key, ago] of [
    ['old 1', '61 minutes'],
    ['old 2', '2 days'],
    ['old 3', '61 minutes'],
    ['just over', '59 minutes'],
    ['open', '-1 minute'],
  ])
    await world.sql(`INSERT INTO rate_counter SELECT $1, 1, (extract(epoch FROM now() - $2::interval) * 1000)::bigint`, [key, ago]);
  expect([await relay.pruneCounters(2), await relay.pruneCounters(2), await relay.pruneCounters(2)]).toEqual([2, 1, 0]);
  expect((await rows()).map(({ key }) => key)).toEqual(['just over', 'open']);
});
