import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { sampleItems } from './harness/payments.js';
import { ONE_BY_ONE, PLACES } from './harness/places.js';
import { arm, pastLeases } from './harness/process.js';
import { ITEMS, ROUNDS } from './harness/rounds.js';
import { startWorld, type World } from './harness/world.js';

jest.setTimeout(300_000);

let world: World;

beforeAll(async () => {
  world = await startWorld({ connection: { endpoint: 'single', settlement: 'immediate', timeout_ms: 1_000 }, env: { worker: ONE_BY_ONE } });
});

afterAll(async () => {
  await world?.close();
});

describe.each(ROUNDS)('round %d', () => {
  test.each(PLACES)(
    'a worker killed at $name, and the next one stopped there for longer than its lease and continued: nobody is paid twice [S1-24]',
    async ({ name, pass, magic }) => {
      const people = await world.newPeople();
      const batchId = await world.authorizedBatch(people, sampleItems(ITEMS, magic ? { prefix: magic, each: 50 } : null));
      const armed = await arm(world, 'worker', `${name}:${pass}`, `${name}:1:stop`);
      await world.execute(people, batchId);
      await armed.died();
      await armed.stopped();
      await pastLeases(world);
      world.stack.kill('worker', 'SIGCONT');
      const batch = await world.ended(people, batchId);
      expect(batch).toMatchObject({ state: 'completed', outcome: 'full', counts: { paid: ITEMS, open: 0 } });
      expect(await world.broken()).toEqual([]);
    },
  );

  test('an API killed between the commit of a gate and its signal: the gate counts', async () => {
    const people = await world.newPeople();
    const batchId = await world.authorizedBatch(people, sampleItems(ITEMS));
    const armed = await arm(world, 'api', 'between_gate_commit_and_signal:1');
    // Its answer is lost with the process; the same request, sent again, gets the answer that the gate was opened.
    await world.execute(people, batchId).catch(() => undefined);
    await armed.died();
    const batch = await world.ended(people, batchId);
    expect(batch).toMatchObject({ state: 'completed', counts: { paid: ITEMS } });
    expect(await world.broken()).toEqual([]);
  });
});
