import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openWorld, type World } from '../world/open.js';
import type { Workspace } from '../world/workspaces.js';

let world: World;
let foreign: Workspace;
beforeAll(async () => {
  world = await openWorld();
  foreign = await world.workspace();
});
afterAll(() => world?.close());

const somebody = async () => {
  const person = await world.person('approver', [world.home.tenantId, foreign.tenantId]);
  const inWorkspace = (tenantId: string) => world.as(person, { tenantId }).inTenant;
  const factor = await inWorkspace(world.home.tenantId)((stores) => stores.factors.lock(person.id));
  if (!factor) throw new Error('no factor');
  return { person, factor, here: inWorkspace(world.home.tenantId), elsewhere: inWorkspace(foreign.tenantId) };
};

describe('a second factor', () => {
  test('of 64 concurrent uses of one step, from any workspace, exactly one wins', async () => {
    const { factor, here, elsewhere } = await somebody();
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, i) => (i % 2 ? here : elsewhere)((stores) => stores.factors.consumeStep(factor.id, 100))),
    );
    expect(answers.filter(Boolean)).toHaveLength(1);
  });

  test('a step is consumed forwards only', async () => {
    const { factor, here } = await somebody();
    const consume = (step: number) => here((stores) => stores.factors.consumeStep(factor.id, step));
    expect([await consume(100), await consume(100), await consume(99), await consume(101)]).toEqual([true, false, false, true]);
  });

  test('a step does not come back, even by raw SQL', async () => {
    const { factor, here } = await somebody();
    await here((stores) => stores.factors.consumeStep(factor.id, 100));
    await expect(world.sql('UPDATE factor SET last_step = 99 WHERE id = $1', [factor.id])).rejects.toThrow(/does not come back/);
  });

  test('of 12 concurrent failures each is counted: two locks of five, and two over', async () => {
    const { person, factor, here, elsewhere } = await somebody();
    const counts = await Promise.all(
      Array.from({ length: 12 }, (_, i) => (i % 2 ? here : elsewhere)((stores) => stores.factors.countFailure(factor.id, 5, 60_000))),
    );
    expect(counts.map(({ failures }) => failures).sort()).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5]);
    expect(counts.filter(({ lockedUntil }) => lockedUntil)).toHaveLength(2);
    expect((await here((stores) => stores.factors.lock(person.id)))?.failures).toBe(2);
  });

  test('a lock lasts as long as it was asked for, on the clock of the database, and a consumed step clears failures', async () => {
    const { person, factor, here } = await somebody();
    for (let i = 0; i < 4; i++)
      expect(await here((stores) => stores.factors.countFailure(factor.id, 5, 60_000))).toEqual({ failures: i + 1, lockedUntil: null });
    const [now, fifth] = await here(async (stores) => [stores.now, await stores.factors.countFailure(factor.id, 5, 60_000)] as const);
    expect(fifth.failures).toBe(5);
    expect(Math.abs((fifth.lockedUntil?.getTime() ?? 0) - now.getTime() - 60_000)).toBeLessThan(2);
    await here((stores) => stores.factors.countFailure(factor.id, 5, 60_000));
    await here((stores) => stores.factors.consumeStep(factor.id, 7));
    expect(await here((stores) => stores.factors.lock(person.id))).toMatchObject({ lastStep: 7, failures: 0, lockedUntil: null });
  });

  test('is absent for who has none', async () => {
    const { here } = await somebody();
    expect(await here((stores) => stores.factors.lock(world.services.entropy.newId()))).toBeNull();
  });
});
