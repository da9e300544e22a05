import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { fromWireId } from '../../domain/ids.js';
import { until } from '../harness/until.js';
import { type AnotherWorker, startAnotherWorker } from './harness/another-worker.js';
import { readValue } from './harness/owner.js';
import { sampleItems } from './harness/payments.js';
import type { People } from './harness/people.js';
import { DOWN_SECONDS, ITEMS, ROUNDS } from './harness/rounds.js';
import { startWorld, type World } from './harness/world.js';

jest.setTimeout(300_000);

/** Chunks of one batch in flight. */
const WINDOW = 2;
/** Payments of a chunk at most, on a rail of single calls. */
const CHUNK = 128;
/** Enough to be in mid-run when the provider goes down, also on a busy machine. */
const MANY = ITEMS * 6;
const LATENCY_MS = 300;

let world: World;
let second: AnotherWorker;

beforeAll(async () => {
  world = await startWorld({
    connection: { endpoint: 'single', settlement: 'immediate', timeout_ms: 1_000 },
    env: { worker: { SLUICE_CHUNK_WINDOW: String(WINDOW) } },
  });
  second = await startAnotherWorker(world);
  await second.ready;
});

afterAll(async () => {
  await second?.stop();
  await world?.close();
});

interface Paying {
  people: People;
  batchId: string;
}

const startPaying = async (): Promise<Paying> => {
  const people = await world.newPeople();
  const batchId = await world.authorizedBatch(people, sampleItems(MANY));
  await world.execute(people, batchId);
  return { people, batchId };
};

const show = ({ people, batchId }: Paying) => people.preparer.client.show_payout_batch({ batch_id: batchId });

/** Items of a batch that may be at the provider. */
const dispatched = async ({ batchId }: Paying): Promise<number> =>
  Number(await readValue(world, 'SELECT coalesce(sum(item_count), 0) AS value FROM dispatch WHERE batch_id = $1', [fromWireId('batch', batchId)]));

const unavailable = async (): Promise<number> => {
  const text = await (await fetch(world.stack.state().api_metrics_url)).text();
  return Number(/^sluice_exceptions_open\{[^}]*kind="provider_unavailable"[^}]*\} (\d+)$/m.exec(text)?.[1] ?? 0);
};

/** Waits until so much time has passed on the database's clock. */
const pass = async (seconds: number): Promise<void> => {
  const from = await readValue<Date>(world, 'SELECT clock_timestamp() AS value');
  await until(
    `${seconds} seconds`,
    async () =>
      (await readValue<boolean>(world, 'SELECT clock_timestamp() > $1::timestamptz + $2 * interval $$1 second$$ AS value', [from, seconds])) ||
      undefined,
    seconds * 2_000 + 60_000,
  );
};

const OUTAGES = [
  {
    how: 'refuses connections',
    down: () => world.stack.stopPart('provider'),
    up: () => world.stack.startPart('provider'),
  },
  {
    // What it was sent meanwhile it takes in later, when nobody waits for its answer any more.
    how: 'takes connections and does not answer',
    down: async () => world.stack.kill('provider', 'SIGSTOP'),
    up: async () => world.stack.kill('provider', 'SIGCONT'),
  },
];

describe.each(ROUNDS)('round %d', () => {
  test.each(OUTAGES)(
    `a provider that $how for ${DOWN_SECONDS} s: sending stops for all its batches, people hear of it, and it goes on by itself`,
    async ({ down, up }) => {
      await world.provider('POST', '/control/faults', { latency_ms: LATENCY_MS });
      const batches = await Promise.all([startPaying(), startPaying()]);
      for (const { batchId } of batches)
        await until(`the first payments of ${batchId}`, async () => ((await world.accepted(batchId)).length > 0 ? true : undefined));
      const before = await Promise.all(batches.map(dispatched));
      await down();
      try {
        for (const batch of batches) expect(await show(batch)).toMatchObject({ state: 'executing' });
        for (const batch of batches)
          await until(`the attention of ${batch.batchId}`, async () =>
            (await show(batch)).attention.includes('provider_unavailable') ? true : undefined,
          );
        await until('the metric', async () => ((await unavailable()) > 0 ? true : undefined));
        await pass(DOWN_SECONDS);
        // What was in flight when it went down, a chunk more in each lane, and no other.
        for (const [n, batch] of batches.entries()) expect((await dispatched(batch)) - (before[n] ?? 0)).toBeLessThanOrEqual(2 * WINDOW * CHUNK);
      } finally {
        await up();
      }
      await world.provider('POST', '/control/faults', { latency_ms: 0 });
      for (const { people, batchId } of batches) {
        const ended = await world.ended(people, batchId, 240_000);
        expect(ended).toMatchObject({ state: 'completed', outcome: 'full', counts: { paid: MANY, open: 0 }, attention: [] });
        expect(await world.accepted(batchId)).toHaveLength(MANY);
      }
      await until('the metric to end', async () => ((await unavailable()) === 0 ? true : undefined));
      expect(await world.broken()).toEqual([]);
    },
  );
});
