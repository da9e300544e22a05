import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { STEP_SECONDS } from '../../cli/identity/time-steps.js';
import { LOCKOUT } from '../../domain/lockout.js';
import { until } from '../harness/until.js';
import { rowWaiters } from '../world/lock-waiters.js';
import { openWorld, type World } from '../world/open.js';
import type { Workspace } from '../world/workspaces.js';

let world: World;
let foreign: Workspace;
beforeAll(async () => {
  world = await openWorld();
  foreign = await world.workspace();
});
afterAll(() => world?.close());

const DAY_MS = 86_400_000;

const nowStep = (now: Date): number => Math.floor(now.getTime() / 1_000 / STEP_SECONDS);

const somebody = async () => {
  const person = await world.person('approver', [world.home.tenantId, foreign.tenantId]);
  const inWorkspace = (tenantId: string) => world.as(person, { tenantId }).inTenant;
  const locked = await inWorkspace(world.home.tenantId)((stores) => stores.factors.lock(person.id, 'session'));
  const [factor] = locked?.all ?? [];
  if (!factor) throw new Error('no factor');
  return { person, factor, here: inWorkspace(world.home.tenantId), elsewhere: inWorkspace(foreign.tenantId) };
};

describe('a second factor', () => {
  test('of 64 concurrent uses of one step, from any workspace, exactly one wins', async () => {
    const { factor, here, elsewhere } = await somebody();
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, i) => (i % 2 ? here : elsewhere)((stores) => stores.factors.consumeStep(factor.id, 100, 'session'))),
    );
    expect(answers.filter(Boolean)).toHaveLength(1);
  });

  test('a step is consumed forwards only', async () => {
    const { factor, here } = await somebody();
    const consume = (step: number) => here((stores) => stores.factors.consumeStep(factor.id, step, 'session'));
    expect([await consume(100), await consume(100), await consume(99), await consume(101)]).toEqual([true, false, false, true]);
  });

  test('a step does not come back, even by raw SQL', async () => {
    const { factor, here } = await somebody();
    await here((stores) => stores.factors.consumeStep(factor.id, 100, 'session'));
    await expect(world.sql('UPDATE factor SET last_step = 99 WHERE id = $1', [factor.id])).rejects.toThrow(/does not come back/);
  });

  test('of 64 concurrent failures each is counted: twelve locks of five, and four over', async () => {
    const { person, here, elsewhere } = await somebody();
    const counts = await Promise.all(
      Array.from({ length: 64 }, (_, i) => (i % 2 ? here : elsewhere)((stores) => stores.factors.countFailure('session'))),
    );
    const times = (n: number) => counts.filter(({ failures }) => failures === n).length;
    expect([1, 2, 3, 4, 5].map(times)).toEqual([13, 13, 13, 13, 12]);
    expect(counts.filter(({ lockedUntil }) => lockedUntil)).toHaveLength(12);
    expect(await here((stores) => stores.factors.lock(person.id, 'session'))).toMatchObject({ failures: 4, locks: 12 });
  });

  test('each lock lasts as long as its place in the series says, on the clock of the database, and the last length stays', async () => {
    const { here } = await somebody();
    const { failuresMax, locksMs } = LOCKOUT;
    const lengths: number[] = [];
    for (let i = 1; i <= failuresMax * (locksMs.length + 1); i++) {
      const [now, counted] = await here(async (stores) => [stores.now, await stores.factors.countFailure('sign_in')] as const);
      expect([counted.failures, counted.lockedUntil !== null]).toEqual([i % failuresMax || failuresMax, i % failuresMax === 0]);
      if (counted.lockedUntil) lengths.push(counted.lockedUntil.getTime() - now.getTime());
    }
    expect(lengths.map((ms) => Math.round(ms / 1_000) * 1_000)).toEqual([...locksMs, locksMs.at(-1)]);
  });

  test('wrong codes of sign-in and of sessions are counted apart, and so are right ones', async () => {
    const { person, factor, here, elsewhere } = await somebody();
    for (let i = 0; i < 5; i++) await here((stores) => stores.factors.countFailure('sign_in'));
    await elsewhere((stores) => stores.factors.countFailure('session'));
    const read = (purpose: 'sign_in' | 'session') => here((stores) => stores.factors.lock(person.id, purpose));
    expect(await read('sign_in')).toMatchObject({ failures: 0, locks: 1, lockedUntil: expect.any(Date) });
    expect(await read('session')).toMatchObject({ failures: 1, locks: 0, lockedUntil: null });
    expect(await here((stores) => stores.factors.consumeStep(factor.id, nowStep(stores.now), 'session'))).toBe(true);
    expect(await read('session')).toMatchObject({ failures: 0, locks: 0 });
    expect(await read('sign_in')).toMatchObject({ locks: 1 });
  });

  test('a right code ends the count of wrong ones; the series starts over only when its last lock ended long enough ago', async () => {
    const { person, factor, here } = await somebody();
    for (let i = 0; i < 12; i++) await here((stores) => stores.factors.countFailure('session'));
    // Each time a step of now: the newest that was used is taken back, which no process can do.
    const clear = async () => {
      await world.sql('ALTER TABLE factor DISABLE TRIGGER USER');
      await world.sql('UPDATE factor SET last_step = 0 WHERE id = $1', [factor.id]);
      await world.sql('ALTER TABLE factor ENABLE TRIGGER USER');
      expect(await here((stores) => stores.factors.consumeStep(factor.id, nowStep(stores.now), 'session'))).toBe(true);
    };
    const read = () => here((stores) => stores.factors.lock(person.id, 'session'));
    await clear();
    expect(await read()).toMatchObject({ failures: 0, locks: 2 });
    await world.unlock(person);
    await clear();
    expect(await read()).toMatchObject({ locks: 2 });
    for (const [ms, locks] of [
      [LOCKOUT.quietMs - DAY_MS / 24, 2],
      [LOCKOUT.quietMs + DAY_MS / 24, 0],
    ]) {
      await world.sql(`UPDATE factor_failures SET locked_until = now() - $2 * interval '1 millisecond' WHERE person_id = $1`, [person.id, ms]);
      await clear();
      expect(await read()).toMatchObject({ failures: 0, locks });
    }
  });

  test('only a step of now forgives wrong codes, and only once: neither one of long ago, nor the same again', async () => {
    const { person, factor, here } = await somebody();
    const read = () => here((stores) => stores.factors.lock(person.id, 'session'));
    await here((stores) => stores.factors.countFailure('session'));
    expect(await here((stores) => stores.factors.consumeStep(factor.id, 100, 'session'))).toBe(true);
    expect(await here((stores) => stores.factors.consumeStep(factor.id, nowStep(stores.now) - 2, 'session'))).toBe(true);
    expect(await read()).toMatchObject({ failures: 1 });
    const step = await here(async (stores) => {
      await stores.factors.consumeStep(factor.id, nowStep(stores.now), 'session');
      return nowStep(stores.now);
    });
    expect(await read()).toMatchObject({ failures: 0 });
    await here((stores) => stores.factors.countFailure('session'));
    expect(await here((stores) => stores.factors.consumeStep(factor.id, step, 'session'))).toBe(false);
    expect(await read()).toMatchObject({ failures: 1 });
  });

  test('no step of somebody else is used up, and no code of theirs is counted', async () => {
    const [{ factor }, other] = [await somebody(), await somebody()];
    expect(await other.here((stores) => stores.factors.consumeStep(factor.id, nowStep(stores.now), 'session'))).toBe(false);
  });

  test('whoever waited for the lock of a factor sees what was counted meanwhile', async () => {
    const { person, here, elsewhere } = await somebody();
    let waiting: Promise<unknown> = Promise.resolve();
    await here(async (stores) => {
      await stores.factors.lock(person.id, 'session');
      waiting = elsewhere((others) => others.factors.lock(person.id, 'session'));
      await until('somebody who waits for the factor', async () => ((await rowWaiters(world)) > 0 ? true : undefined));
      for (let i = 0; i < 5; i++) await stores.factors.countFailure('session');
    });
    expect(await waiting).toMatchObject({ locks: 1, lockedUntil: expect.any(Date) });
  });

  test('is absent for who has none', async () => {
    const { here } = await somebody();
    expect(await here((stores) => stores.factors.lock(world.services.entropy.newId(), 'session'))).toBeNull();
  });
});
