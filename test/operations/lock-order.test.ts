import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Stores } from '../../operations/ports.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';

jest.setTimeout(120_000);

/** Every context of a test world is watched (test/world/lock-order.ts), so all tests of operations fail on a wrong order. Here the watch itself is tried. */

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const raise = (stores: Stores) => stores.exceptions.raise({ kind: 'integrity_failed', batchId: null, connectionId: null, ordinals: [], detail: {} });

test.each<[string, (stores: Stores, batchId: string) => Promise<unknown>]>([
  ['the batch after its chunks', (stores, id) => stores.chunks.lockToSettle(id, [0]).then(() => stores.batches.lock(id))],
  ['the workspace after the batch', (stores, id) => stores.batches.lock(id).then(() => stores.workspaces.lockShared())],
  ['what a plan counts after the batch', (stores, id) => stores.batches.lock(id).then(() => stores.planUse.hold())],
  ['a permit to send after the batch', (stores, id) => stores.batches.lock(id).then(() => stores.chunks.lockToSend(id, 0))],
  ['accounts after an exception', (stores) => raise(stores).then(() => stores.accounts.lock([world.home.funding]))],
  ['a hold after an exception', (stores, id) => raise(stores).then(() => stores.holds.release(id, systemEntropy.newId()))],
])('%s is noticed (R8)', async (_name, take) => {
  const { id } = await world.batch();
  const undo = new Error('the wrong order passed');
  const taken = world.worker().inTenant(async (stores) => {
    await take(stores, id);
    throw undo;
  });
  await expect(taken).rejects.toThrow('locks are taken in one order');
});

test('accounts are locked for items and holds in one place, in the order of their ids (R8)', async () => {
  const lockers = await world.sql<{ name: string; sorted: boolean }>(
    `SELECT proname AS name, prosrc ~ 'ORDER BY a.id FOR NO KEY UPDATE' AS sorted FROM pg_proc
     WHERE pronamespace = 'public'::regnamespace AND prosrc ~* 'public\\.account\\y' AND prosrc ~* 'FOR (NO KEY )?UPDATE' ORDER BY 1`,
  );
  expect(lockers).toEqual([
    { name: 'sluice_lock_accounts', sorted: true },
    // The trigger of transfers: their accounts are locked already, but for a top-up's, which people lock in the same order.
    { name: 'sluice_post_transfers', sorted: true },
  ]);
});
