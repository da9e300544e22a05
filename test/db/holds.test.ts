import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';

jest.setTimeout(120_000);

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const ctx = () => world.api();
const held = async () => {
  const batch = await world.batch();
  await world.openUpTo('authorize', batch.id);
  return batch;
};

test('a hold of one workspace is not there for another [S1-02]', async () => {
  const { id } = await held();
  const { tenantId } = await world.workspace();
  await world.api(tenantId).inTenant(async ({ holds }) => {
    expect(await holds.ofBatch(id)).toEqual([]);
    expect(await holds.release(id, systemEntropy.newId())).toBe(0n);
  });
  await expect(world.api(tenantId).inTenant(({ holds }) => holds.place(systemEntropy.newId(), id, systemEntropy.newId()))).rejects.toThrow(
    /approved batch/,
  );
  expect((await ctx().inTenant(({ holds }) => holds.ofBatch(id)))[0]?.remaining).toBeGreaterThan(0n);
});

test('money is held once for a content, and only for an approved batch', async () => {
  const { id, total } = await held();
  expect(await ctx().inTenant(({ holds }) => holds.ofBatch(id))).toMatchObject([
    { amount: total, remaining: total, resolvedAt: null, contentVersion: 1 },
  ]);
  await expect(ctx().inTenant(({ holds }) => holds.place(systemEntropy.newId(), id, systemEntropy.newId()))).rejects.toThrow(/approved batch/);
});

test('of 16 releases at once exactly one gives the money back', async () => {
  const { id, total } = await held();
  const [funds, set] = [await world.balance(world.home.funding), await world.balance(world.home.held)];
  const given = await Promise.all(Array.from({ length: 16 }, () => ctx().inTenant(({ holds }) => holds.release(id, systemEntropy.newId()))));
  expect(given.filter((amount) => amount > 0n)).toEqual([total]);
  expect(await world.balance(world.home.funding)).toBe(funds + total);
  expect(await world.balance(world.home.held)).toBe(set - total);
});

test('a hold is not released while items may be paid from it', async () => {
  const { id } = await world.batch();
  await world.openUpTo('execute', id);
  for (const who of [ctx(), world.worker()])
    await expect(who.inTenant(({ holds }) => holds.release(id, systemEntropy.newId()))).rejects.toThrow(/may be paid from it/);
});
