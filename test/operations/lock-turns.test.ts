import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { pausePayoutBatch } from '../../operations/payout-batch/pause.js';
import { openWorld, type World } from '../world/open.js';

jest.setTimeout(120_000);

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const LANES = 16;
const HOLD_MS = 60;

/**
 * Lanes that send without a pause, each holding its locks as long as a chunk takes: at every moment some hold them. A decision gets its
 * turn all the same, after those that were there before it; here it counts how many came later.
 */
const among = async (batchId: string, decide: () => Promise<unknown>): Promise<number> => {
  let on = true;
  let decided = false;
  let asked = false;
  let overtook = 0;
  const lane = async (chunk: number): Promise<void> => {
    while (on)
      await world.worker().inTenant(async (stores) => {
        const before = asked;
        await stores.chunks.lockToSend(batchId, chunk);
        await stores.batches.control(batchId);
        if (before && !decided) overtook++;
        await new Promise((done) => setTimeout(done, HOLD_MS));
      });
  };
  const lanes = Array.from({ length: LANES }, (_, chunk) => lane(chunk));
  await new Promise((done) => setTimeout(done, 3 * HOLD_MS));
  const turn = decide().then(() => {
    decided = true;
  });
  await new Promise((done) => setTimeout(done, HOLD_MS / 2));
  asked = true;
  // Should it never get its turn, the lanes stop, and the count says why.
  const stop = setTimeout(() => {
    on = false;
  }, 20_000);
  await turn;
  clearTimeout(stop);
  on = false;
  await Promise.all(lanes);
  return overtook;
};

test('a pause gets its turn among sixteen lanes that send without end: none that asks later comes first (R1)', async () => {
  const admin = await world.person('admin');
  const batch = await world.batch();
  await world.openUpTo('execute', batch.id);
  expect(await among(batch.id, () => pausePayoutBatch(world.as(admin), { batch_id: batch.id, reason: undefined }))).toBe(0);
});

test('so does whoever locks the workspace, for a freeze or the hold of a payee', async () => {
  const batch = await world.batch();
  await world.openUpTo('execute', batch.id);
  expect(await among(batch.id, () => world.api().inTenant((stores) => stores.workspaces.lock()))).toBe(0);
});
