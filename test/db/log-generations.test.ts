import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openWorld, type World } from '../world/open.js';
import { confirmedProposal, confirmedRecovery } from '../world/proposals.js';

/** What the database refuses of a log's generations, whatever code asks it in the worker's role (R15, R18). */

let world: World;
beforeAll(async () => {
  world = await openWorld();
}, 120_000);
afterAll(() => world?.close());

const start = (generation: number, proposalId: string) =>
  world
    .worker()
    .inTenant((stores) => stores.recoveries.startGeneration({ generation, proposalId, keptSize: 1n }))
    .then(
      () => 'taken',
      (error: Error) => error.message,
    );
const present = () => world.worker().inTenant((stores) => stores.audit.generation());

test('a generation stands on a recovery that two people confirmed, one each, and the number only goes up', async () => {
  expect(await present()).toBe(1);
  expect(await start(2, await confirmedProposal(world))).toMatch(/confirmed by two people/);
  const recovery = await confirmedRecovery(world);
  expect(await start(1, recovery)).toMatch(/check constraint/);
  expect(await start(3, recovery)).toBe('taken');
  expect(await present()).toBe(3);
  expect(await start(4, recovery)).toMatch(/Unique constraint|duplicate key/);
  const next = await confirmedRecovery(world);
  expect(await start(3, next)).toMatch(/only goes up/);
  expect(await start(2, next)).toMatch(/only goes up/);
  expect(await start(4, next)).toBe('taken');
  expect(await present()).toBe(4);
});

test('no other role starts one, and nobody changes one', async () => {
  const api = world.api().inTenant((stores) => stores.recoveries.startGeneration({ generation: 9, proposalId: world.home.tenantId, keptSize: 1n }));
  await expect(api).rejects.toThrow(/permission denied/);
  await expect(world.sql('UPDATE log_generation SET generation = 9')).rejects.toThrow(/append-only/);
});
