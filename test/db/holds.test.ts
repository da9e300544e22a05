import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { releaseHold } from '../../operations/ledger/release-hold.js';
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
    expect(await holds.lockLive(id)).toBeNull();
    expect(await holds.ofBatch(id)).toEqual([]);
  });
  const hold = await ctx().inTenant(({ holds }) => holds.lockLive(id));
  await expect(world.api(tenantId).inTenant(({ holds }) => holds.reduce(hold?.id ?? '', 1n))).rejects.toThrow(/no hold/);
});

test('a hold shrinks to zero and is resolved then, and only then', async () => {
  const { id, total } = await held();
  await ctx().inTenant(async ({ holds }) => {
    const hold = await holds.lockLive(id);
    expect(hold).toMatchObject({ amount: total, remaining: total, resolvedAt: null, contentVersion: 1 });
    await holds.reduce(hold?.id ?? '', total - 1n);
    expect(await holds.lockLive(id)).toMatchObject({ remaining: 1n, resolvedAt: null });
    await holds.reduce(hold?.id ?? '', 1n);
    expect(await holds.lockLive(id)).toBeNull();
    expect((await holds.ofBatch(id))[0]).toMatchObject({ remaining: 0n, resolvedAt: expect.any(Date) });
  });
});

test('of 16 releases at once exactly one gives the money back', async () => {
  const { id, total } = await held();
  const [funds, set] = [await world.balance(world.home.funding), await world.balance(world.home.held)];
  const of = { id, currency: 'EUR', fundingAccountId: world.home.funding };
  const given = await Promise.all(Array.from({ length: 16 }, () => ctx().inTenant((stores) => releaseHold(stores, of, systemEntropy.newId()))));
  expect(given.filter((amount) => amount > 0n)).toEqual([total]);
  expect(await world.balance(world.home.funding)).toBe(funds + total);
  expect(await world.balance(world.home.held)).toBe(set - total);
});
