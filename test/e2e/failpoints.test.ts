import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { FailpointName } from '../../operations/ports.js';
import { sampleItems } from './harness/payments.js';
import { arm, pastLeases } from './harness/process.js';
import { ITEMS, ROUNDS } from './harness/rounds.js';
import { startWorld, type World } from './harness/world.js';

jest.setTimeout(300_000);

/** Three chunks of at most 128 items, one after the other, and a run that continues as new between them. */
const WORKER = { SLUICE_CHUNK_WINDOW: '1', SLUICE_HISTORY_EVENTS: '12' };

/** Where a worker dies, and when it gets there: once a chunk, once a run, or when an answer was lost. */
const PLACES: readonly { name: FailpointName; pass: number; magic?: string }[] = [
  { name: 'before_intent', pass: 2 },
  { name: 'after_intent', pass: 2 },
  { name: 'after_send', pass: 2 },
  { name: 'before_commit', pass: 2 },
  { name: 'after_commit', pass: 2 },
  { name: 'between_chunks', pass: 1 },
  { name: 'in_continue_as_new', pass: 1 },
  { name: 'while_settling', pass: 1, magic: 'lookup_' },
  { name: 'between_gate_commit_and_signal', pass: 1 },
  { name: 'in_sequencer', pass: 1 },
];

let world: World;

beforeAll(async () => {
  world = await startWorld({ connection: { endpoint: 'single', settlement: 'immediate', timeout_ms: 1_000 }, env: { worker: WORKER } });
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
