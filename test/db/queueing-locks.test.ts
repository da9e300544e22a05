import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { until } from '../harness/until.js';
import { openWorld, type World } from '../world/open.js';

jest.setTimeout(120_000);

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

/** Advisory locks of this world's database, held (`granted`) or waited for. */
const locks = async (granted: boolean): Promise<number> => {
  const [row] = await world.sql<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_locks
     WHERE locktype = 'advisory' AND granted = $1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [granted],
  );
  return row?.count ?? 0;
};

/** Whether work ends, or waits for a lock. */
const waits = (work: Promise<unknown>): Promise<boolean> =>
  Promise.race([work.then(() => false), until('somebody to wait for a lock', async () => ((await locks(false)) > 0 ? true : undefined))]);

test('a workspace that asks about the batch of another one keeps nobody there waiting (R8)', async () => {
  const { id } = await world.batch();
  const { tenantId } = await world.workspace();
  const ours: Promise<unknown>[] = [];
  await world.as({ type: 'system', process: 'setup' }, { tenantId }).inTenant(async (stores) => {
    expect(await stores.batches.lock(id)).toBeNull();
    await stores.chunks.lockToSettle(id, [0]);
    ours.push(world.worker().inTenant((own) => own.chunks.lockToSend(id, 0)));
    expect(await waits(Promise.all(ours))).toBe(false);
  });
  await Promise.all(ours);
});

test('evidence of any number of chunks takes a bounded number of locks, and whoever sends one of them waits (R8)', async () => {
  const { id } = await world.batch();
  const sends: Promise<unknown>[] = [];
  await world.worker().inTenant(async (stores) => {
    await stores.chunks.lockToSettle(
      id,
      Array.from({ length: 20_000 }, (_, chunk) => chunk),
    );
    expect(await locks(true)).toBeLessThanOrEqual(256);
    sends.push(world.worker().inTenant((other) => other.chunks.lockToSend(id, 19_999)));
    expect(await waits(Promise.all(sends))).toBe(true);
  });
  await Promise.all(sends);
});
