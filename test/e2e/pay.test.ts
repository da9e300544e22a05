import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { sampleItems } from './harness/payments.js';
import { startWorld, type World } from './harness/world.js';

jest.setTimeout(180_000);

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world?.close();
});

test('[S1-22] [S1-23] [S1-25] ten payees are paid through three gates by three people, on the real servers', async () => {
  const cast = await world.newCast();
  const batchId = await world.authorizedBatch(cast, sampleItems(10));
  expect((await world.books()).payments).toEqual([]);
  await world.execute(cast, batchId);
  const batch = await world.ended(cast, batchId);
  expect(batch).toMatchObject({ state: 'completed', outcome: 'full', counts: { open: 0, paid: 10, failed: 0 }, attention: [] });
  expect(await world.broken()).toEqual([]);
});
