import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { placesIn } from '../../dev/data-folder/places.js';
import { until } from '../harness/until.js';
import { type AnotherWorker, startAnotherWorker } from './harness/another-worker.js';
import { connectAsOwner } from './harness/owner.js';
import { sampleItems } from './harness/payments.js';
import type { People } from './harness/people.js';
import { ONE_BY_ONE, PLACES } from './harness/places.js';
import { allSequenced, pastLeases } from './harness/process.js';
import { ITEMS, ROUNDS } from './harness/rounds.js';
import { startWorld, type World } from './harness/world.js';

jest.setTimeout(300_000);

/** A single provider behind two worker processes. Webhooks settle what is not declined. */
const CONNECTION = { endpoint: 'single', settlement: 'async', timeout_ms: 1_000 } as const;

/** Two chunks of a batch in flight; lost runs are looked for every second instead of every minute. */
const WORKER = { LOG_LEVEL: 'debug', SLUICE_CHUNK_WINDOW: '2', SLUICE_RECONCILE_SECONDS: '1' };

/** A process that stands still keeps the tasks that Temporal gives it, so each place takes half a minute; `npm test` tries two of them. */
const TRIED = ROUNDS.length > 1 ? PLACES : PLACES.filter(({ name }) => name === 'after_send' || name === 'before_commit');

let world: World;
const others: AnotherWorker[] = [];

beforeAll(async () => {
  world = await startWorld({ connection: CONNECTION, env: { worker: WORKER } });
});

afterAll(async () => {
  await world?.close();
});

const faults = (settings: object): Promise<unknown> => world.provider('POST', '/control/faults', settings);
const webhooks = (control: object): Promise<unknown> => world.provider('POST', '/control/webhooks', control);

/** Every account of the workspace is shared by these batches. A tenth is returned at once, a fiftieth declined. */
const mixed = () =>
  sampleItems(ITEMS, { prefix: 'bounced_', each: 10 }).map((item, n) =>
    n % 50 === 1 ? { ...item, payee: { ...item.payee, account_token: `declined_${item.payee.account_token}` } } : item,
  );

const RETURNED = Math.ceil(ITEMS / 10);
const DECLINED = Math.ceil((ITEMS - 1) / 50);
const ALL_SETTLED = { paid: ITEMS - RETURNED - DECLINED, returned: RETURNED, failed: DECLINED, open: 0 };

interface Started {
  people: People;
  batchId: string;
}

const startBatch = async (items = mixed()): Promise<Started> => {
  const people = await world.newPeople();
  const batchId = await world.authorizedBatch(people, items);
  await world.execute(people, batchId);
  return { people, batchId };
};

/** Waits for the provider's last word about a batch, which may come after its end. */
const settled = async ({ people, batchId }: Started): Promise<void> => {
  await world.ended(people, batchId);
  await until(`the last returns of ${batchId}`, async () => {
    const { counts } = await people.preparer.client.show_payout_batch({ batch_id: batchId });
    return counts.returned === RETURNED ? true : undefined;
  });
  const { counts } = await people.preparer.client.show_payout_batch({ batch_id: batchId });
  expect(counts).toMatchObject(ALL_SETTLED);
};

/** Starts a worker beside the stack's own, which the end of the test stops. */
const startAnother = async (env: Record<string, string> = {}): Promise<AnotherWorker> => {
  const other = await startAnotherWorker(world, env);
  others.push(other);
  return other;
};

const startSecond = async (env: Record<string, string> = {}): Promise<AnotherWorker> => {
  const second = await startAnother(env);
  await second.ready;
  return second;
};

const chunksPaidBy = (log: string): number => readFileSync(log, 'utf8').split('"activity":"payChunk"').length - 1;

describe.each(ROUNDS)('round %d', () => {
  afterEach(async () => {
    for (const other of others.splice(0)) await other.stop();
    if (!world.stack.state().processes.worker?.pid) await world.stack.startPart('worker');
    await faults({});
    await webhooks({ mode: 'deliver', order: 'oldest_first', times: 1, payments_per_delivery: 1_024 });
    expect(await world.broken()).toEqual([]);
  });

  test('two workers pay four batches of one account, while webhooks come twice, shuffled and across chunks: everybody is paid once', async () => {
    const second = await startSecond();
    const before = chunksPaidBy(placesIn(world.dataDir).logs.worker);
    await faults({ latency_ms: 50, seed: 7, error_after_accept: 0.02, timeout_after_accept: 0.02 });
    await webhooks({ mode: 'deliver', order: 'shuffled', times: 2, payments_per_delivery: 64 });
    const batches = await Promise.all([1, 2, 3, 4].map(() => startBatch()));
    for (const batch of batches) await settled(batch);
    expect(chunksPaidBy(placesIn(world.dataDir).logs.worker)).toBeGreaterThan(before);
    expect(chunksPaidBy(second.log)).toBeGreaterThan(0);
  });

  test('both workers are killed at once in mid-batch: the batches go on with their successors', async () => {
    const second = await startSecond();
    await faults({ latency_ms: 100 });
    const { count: before } = await world.provider<{ count: number }>('GET', '/books');
    const batches = await Promise.all([1, 2].map(() => startBatch()));
    await until('the first payments', async () => {
      const { count } = await world.provider<{ count: number }>('GET', '/books');
      return count > before ? true : undefined;
    });
    second.kill('SIGKILL');
    world.stack.kill('worker', 'SIGKILL');
    await startSecond();
    for (const batch of batches) await settled(batch);
  });

  test('pause and cancel while two workers send: each says exactly what was sent, and nothing else is', async () => {
    await startSecond();
    await faults({ latency_ms: 100 });
    const [paused, cancelled, other] = await Promise.all([1, 2, 3].map(() => startBatch(sampleItems(ITEMS * 3))));
    if (!paused || !cancelled || !other) throw new Error('three batches were started');
    for (const { batchId } of [paused, cancelled])
      await until(`payments of ${batchId}`, async () => ((await world.accepted(batchId)).length > 0 ? true : undefined));
    const [pause, cancel] = await Promise.all([
      paused.people.executor.client.pause_payout_batch({ batch_id: paused.batchId }),
      cancelled.people.executor.client.cancel_payout_batch({ batch_id: cancelled.batchId, reason: 'changed our minds' }),
    ]);
    expect([pause, cancel].map(({ already_sent, not_sent }) => already_sent + not_sent)).toEqual([ITEMS * 3, ITEMS * 3]);
    expect(pause.not_sent + cancel.not_sent).toBeGreaterThan(0);
    expect(await world.ended(cancelled.people, cancelled.batchId)).toMatchObject({
      state: 'completed',
      counts: { paid: cancel.already_sent, cancelled: cancel.not_sent, open: 0 },
    });
    expect(await world.accepted(cancelled.batchId)).toHaveLength(cancel.already_sent);
    expect(await world.ended(other.people, other.batchId)).toMatchObject({ state: 'completed', counts: { paid: ITEMS * 3 } });
    expect(await world.accepted(paused.batchId)).toHaveLength(pause.already_sent);
    await paused.people.executor.client.resume_payout_batch({ batch_id: paused.batchId });
    expect(await world.ended(paused.people, paused.batchId)).toMatchObject({ state: 'completed', counts: { paid: ITEMS * 3, open: 0 } });
  });

  test.each(TRIED)(
    'one worker stopped at $name for longer than its lease, another killed there, and the first continued beside a third',
    async ({ name, pass, magic }) => {
      const people = await world.newPeople();
      const batchId = await world.authorizedBatch(people, sampleItems(ITEMS, magic ? { prefix: magic, each: 50 } : null));
      await allSequenced(world);
      // Else a webhook would settle what only a lookup is to find.
      if (magic) await webhooks({ mode: 'hold' });
      await world.stack.stopPart('worker');
      const first = await startAnother({ ...ONE_BY_ONE, SLUICE_FAILPOINT: `${name}:${pass}:stop` });
      await world.execute(people, batchId);
      await first.stopped();
      // One that stands still in a transaction holds its locks until Postgres ends it (db/transaction/open.ts); then the other gets there.
      await (await startAnother({ ...ONE_BY_ONE, SLUICE_FAILPOINT: `${name}:1` })).died();
      if (magic) await webhooks({ mode: 'deliver' });
      await world.stack.startPart('worker', ONE_BY_ONE);
      await pastLeases(world);
      first.kill('SIGCONT');
      expect(await world.ended(people, batchId)).toMatchObject({ state: 'completed', outcome: 'full', counts: { paid: ITEMS, open: 0 } });
      // What it still wanted to do with what it knew has happened once it has stopped.
      await first.stop();
      expect(await world.accepted(batchId)).toHaveLength(ITEMS);
    },
  );
});

test('a deadlock would have been noticed', async () => {
  expect(await world.deadlocks()).toEqual([]);
  const [one, other] = [await connectAsOwner(world), await connectAsOwner(world)];
  try {
    for (const client of [one, other]) await client.query('BEGIN');
    await one.query('SELECT pg_advisory_xact_lock(1)');
    await other.query('SELECT pg_advisory_xact_lock(2)');
    const ends = await Promise.allSettled([one.query('SELECT pg_advisory_xact_lock(2)'), other.query('SELECT pg_advisory_xact_lock(1)')]);
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  } finally {
    for (const client of [one, other]) await client.end();
  }
  expect(await until('the count of it', async () => ((await world.deadlocks()).length > 0 ? world.deadlocks() : undefined))).toHaveLength(1);
});
