import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { placesIn } from '../../dev/data-folder/places.js';
import { allHeld, checkBooks } from '../../dev/demo/checks.js';
import { paySample } from '../../dev/demo/pay-sample.js';
import { until } from '../harness/until.js';
import { readValue } from './harness/owner.js';
import { sampleItems } from './harness/payments.js';
import type { People } from './harness/people.js';
import { killAndStart } from './harness/process.js';
import { ITEMS, ROUNDS } from './harness/rounds.js';
import { startWorld, type World } from './harness/world.js';

jest.setTimeout(180_000);

/** Long enough to open two gates of one batch; it passes while the other tests run. */
const DEADLINE_MS = 15_000;

let world: World;
let late: { people: People; queued: string; authorized: string };

beforeAll(async () => {
  world = await startWorld({ env: { api: { LOG_LEVEL: 'debug' }, worker: { LOG_LEVEL: 'debug' } } });
  const people = await world.newPeople();
  const items = sampleItems(ITEMS);
  const execute_by = new Date(Date.now() + DEADLINE_MS).toISOString();
  const authorized = await world.authorizedBatch(people, items, { execute_by });
  const queued = await people.preparer.client.create_payout_batch({ currency: 'EUR', rail: 'sandbox', allow_duplicates: true, items, execute_by });
  if (queued.object !== 'payout_batch') throw new Error('nothing was created');
  late = { people, authorized, queued: queued.id };
});

afterAll(async () => {
  await world?.close();
});

test('ten payees are paid through three gates by three people, on the real servers [S1-22] [S1-23] [S1-25]', async () => {
  const people = await world.newPeople();
  const batchId = await world.authorizedBatch(people, sampleItems(10));
  expect((await world.books()).payments).toEqual([]);
  await world.execute(people, batchId);
  const batch = await world.ended(people, batchId);
  expect(batch).toMatchObject({ state: 'completed', outcome: 'full', counts: { open: 0, paid: 10, failed: 0 }, attention: [] });
  expect(await world.broken()).toEqual([]);
});

test('one request id leads from the API over the relay and the worker to the audit log', async () => {
  const people = await world.newPeople();
  const batchId = await world.authorizedBatch(people, sampleItems(3));
  const { client, nextCode, token } = people.executor;
  const { id } = await client.ask_challenge({ batch_id: batchId, gate: 'execute' });
  const answer = await fetch(`${world.stack.state().api_url}/v1/payout-batches/${batchId}/execute`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': id },
    body: JSON.stringify({ challenge_id: id, code: await nextCode() }),
  });
  expect(answer.status).toBe(200);
  const requestId = answer.headers.get('request-id') ?? '';
  await world.ended(people, batchId);

  const lines = (process: 'api' | 'worker') =>
    readFileSync(placesIn(world.dataDir).logs[process], 'utf8')
      .split('\n')
      .filter((line) => line.includes(`"request_id":"${requestId}"`))
      .map((line) => JSON.parse(line) as { route?: string; message?: string; activity?: string; trace_id?: string });
  const [asked, ...more] = lines('api');
  expect(more).toEqual([]);
  expect(asked).toMatchObject({ route: 'execute_payout_batch', trace_id: requestId.replace('req_', '') });
  const worked = await until('the lines of the run', async () => {
    const found = lines('worker');
    return found.some(({ activity }) => activity === 'payChunk') ? found : undefined;
  });
  expect(worked.filter(({ message }) => message === 'gate_opened')).toHaveLength(1);
  // The signal of the gate before may load the batch when this gate is already open.
  expect(worked.map(({ activity }) => activity)).toContain('payChunk');
  expect(new Set(worked.map(({ trace_id }) => trace_id))).toEqual(new Set([asked?.trace_id]));
  const events = `SELECT array_agg(DISTINCT subject_type || ' ' || action) AS value FROM audit_event WHERE request_id = $1`;
  expect(await readValue(world, events, [requestId])).toEqual([
    'batch batch.complete',
    'batch gate.execute',
    'chunk chunk.intend',
    'chunk chunk.settle',
  ]);
});

test.each(ROUNDS)('round %d: five wrong codes lock the second factor, though the API is killed after each of them', async () => {
  const people = await world.newPeople();
  const created = await people.preparer.client.create_payout_batch({
    currency: 'EUR',
    rail: 'sandbox',
    allow_duplicates: true,
    items: sampleItems(1),
  });
  const { client, nextCode } = people.approver;
  const challenge = await client.ask_challenge({ batch_id: created.object === 'payout_batch' ? created.id : '', gate: 'approve' });
  const code = await nextCode();
  const wrong = ((Number(code) + 271_828) % 1_000_000).toString().padStart(6, '0');
  const answer = (with_code: string) => client.approve_payout_batch({ batch_id: challenge.batch_id, challenge_id: challenge.id, code: with_code });
  for (let left = 4; left >= 0; left--) {
    await expect(answer(wrong)).rejects.toMatchObject({ problem: { code: 'code_wrong', failures_left: left } });
    await killAndStart(world, 'api');
  }
  await expect(answer(code)).rejects.toMatchObject({ problem: { code: 'factor_locked' } });
  expect(await people.preparer.client.show_payout_batch({ batch_id: challenge.batch_id })).toMatchObject({ state: 'queued', gates: [] });
});

test('the sample is paid, and all books agree', async () => {
  const batch = await paySample(world.stack.state(), ITEMS, { line: () => {}, batch: () => {} });
  const outcomes = await checkBooks(world.stack.state(), batch.id);
  expect(outcomes.filter(({ ok }) => ok === false)).toEqual([]);
  expect(allHeld(outcomes)).toBe(true);
  expect(await world.broken()).toEqual([]);
});

test('what is not executed in time expires on the real server, and gives its hold back', async () => {
  const { people, queued, authorized } = late;
  for (const batchId of [queued, authorized]) expect(await world.ended(people, batchId)).toMatchObject({ state: 'expired', counts: { paid: 0 } });
  expect(await world.accepted(authorized)).toEqual([]);
  expect(await readValue(world, `SELECT sum(balance)::int AS value FROM account WHERE kind = 'held'`)).toBe(0);
  expect(await world.broken()).toEqual([]);
});
