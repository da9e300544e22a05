import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createClient } from '../../client/client.js';
import { exportLines } from '../../client/stream.js';
import { verifyAudit } from '../../client/verify/audit.js';
import { placesIn } from '../../dev/data-folder/places.js';
import type { PartName } from '../../dev/data-folder/state.js';
import { openCheckpointSigner } from '../../vault/checkpoint-signer.js';
import { readKeyFile } from '../../vault/key-file.js';
import { until } from '../harness/until.js';
import { copyDatabase } from './harness/database.js';
import { sampleItems } from './harness/payments.js';
import type { People } from './harness/people.js';
import { ITEMS, ROUNDS } from './harness/rounds.js';
import { openRuns, type Runs } from './harness/runs.js';
import { startWorld, type World } from './harness/world.js';

jest.setTimeout(300_000);

/** Three chunks, one after the other; lost runs are looked for every second instead of every minute. */
const WORKER = { SLUICE_CHUNK_WINDOW: '1', SLUICE_RECONCILE_SECONDS: '1' };

/** The servers that run here. A Postgres of DATABASE_URL is not ours to kill. */
const OURS: readonly PartName[] = process.env['DATABASE_URL'] ? ['temporal'] : ['postgres', 'temporal'];

let world: World;
let runs: Runs;

beforeAll(async () => {
  world = await startWorld({ connection: { endpoint: 'single', settlement: 'immediate', timeout_ms: 1_000 }, env: { worker: WORKER } });
  runs = await openRuns(world);
  // Slow enough for a test to act in the middle of a batch.
  await world.provider('POST', '/control/faults', { latency_ms: 100 });
});

afterAll(async () => {
  await runs?.close();
  await world?.close();
});

/** A batch of which the provider has some payments and not all of them. */
const inMidBatch = async (): Promise<{ people: People; batchId: string }> => {
  const people = await world.newPeople();
  const batchId = await world.authorizedBatch(people, sampleItems(ITEMS));
  const { count: before } = await world.provider<{ count: number }>('GET', '/books');
  await world.execute(people, batchId);
  const sent = await until('the first payments', async () => {
    const { count } = await world.provider<{ count: number }>('GET', '/books');
    return count - before || undefined;
  });
  expect(sent).toBeLessThan(ITEMS);
  return { people, batchId };
};

const paidInFull = async (people: People, batchId: string): Promise<void> => {
  expect(await world.ended(people, batchId)).toMatchObject({ state: 'completed', outcome: 'full', counts: { paid: ITEMS, open: 0 } });
  expect(await world.accepted(batchId)).toHaveLength(ITEMS);
};

describe.each(ROUNDS)('round %d', () => {
  afterEach(async () => {
    expect(await world.broken()).toEqual([]);
  });

  test.each(OURS)('%s is killed in mid-batch: the batch goes on when it is back', async (part) => {
    const { people, batchId } = await inMidBatch();
    world.stack.kill(part, 'SIGKILL');
    await paidInFull(people, batchId);
  });

  test('all that Temporal remembers is thrown away in mid-batch: the reconciler starts the batch anew', async () => {
    const { people, batchId } = await inMidBatch();
    world.stack.kill('temporal', 'SIGKILL');
    await world.stack.stopPart('temporal');
    const { temporalState } = placesIn(world.dataDir);
    for (const ending of ['', '-wal', '-shm', '-journal']) rmSync(`${temporalState}${ending}`, { force: true });
    await world.stack.startPart('temporal');
    await paidInFull(people, batchId);
  });

  test('a run is terminated in mid-batch: the reconciler starts another', async () => {
    const { people, batchId } = await inMidBatch();
    await runs.of(batchId).terminate('a test');
    await paidInFull(people, batchId);
  });

  test('a run is reset to its beginning in mid-batch: nothing is sent twice', async () => {
    const { people, batchId } = await inMidBatch();
    await runs.reset(batchId);
    await paidInFull(people, batchId);
  });

  test('two runs drive one batch at once: each item is sent by one of them', async () => {
    const { people, batchId } = await inMidBatch();
    const second = await runs.start(batchId, `${batchId}-again`);
    await paidInFull(people, batchId);
    expect(await second.result()).toMatchObject({ state: 'completed' });
  });

  test('pause in mid-batch says exactly what was sent, and resume sends the rest', async () => {
    const { people, batchId } = await inMidBatch();
    const halted = await people.executor.client.pause_payout_batch({ batch_id: batchId });
    await runs.does(runs.of(batchId), 'halted: paused', 'paused');
    expect([halted.paused, halted.already_sent + halted.not_sent]).toEqual([true, ITEMS]);
    expect(halted.not_sent).toBeGreaterThan(0);
    expect(await world.accepted(batchId)).toHaveLength(halted.already_sent);
    const { counts } = await people.executor.client.show_payout_batch({ batch_id: batchId });
    expect(counts).toMatchObject({ paid: halted.already_sent, open: halted.not_sent });
    await people.executor.client.resume_payout_batch({ batch_id: batchId });
    await paidInFull(people, batchId);
  });

  test('cancel in mid-batch says exactly what was sent, and nothing else ever is', async () => {
    const { people, batchId } = await inMidBatch();
    const halted = await people.executor.client.cancel_payout_batch({ batch_id: batchId, reason: 'changed our minds' });
    expect(halted.already_sent + halted.not_sent).toBe(ITEMS);
    expect(halted.not_sent).toBeGreaterThan(0);
    expect(await world.ended(people, batchId)).toMatchObject({
      state: 'completed',
      outcome: 'partial',
      counts: { paid: halted.already_sent, cancelled: halted.not_sent, open: 0 },
    });
    expect(await world.accepted(batchId)).toHaveLength(halted.already_sent);
  });

  test('an older copy of the database is put back: nothing is sent, no gate opens, and both processes say why [S1-24]', async () => {
    const { people, batchId } = await inMidBatch();
    await people.executor.client.pause_payout_batch({ batch_id: batchId });
    const waiting = await world.authorizedBatch(await world.newPeople(), sampleItems(10));
    await stopAll();
    const copy = await copyDatabase(world);
    await startAll();
    // Until a process has compared the database with what was published, it decides nothing.
    for (const part of PARTS) await until(`the ${part} to be ready`, async () => ((await readiness(part)).ok ? true : undefined));
    await people.executor.client.resume_payout_batch({ batch_id: batchId });
    await paidInFull(people, batchId);

    await stopAll();
    await copy.putBack();
    const before = await world.provider<{ requests: object }>('GET', '/books');
    await startAll();
    const late = await world.newPeople();
    for (const part of ['api', 'worker'] as const) expect(await whyNotReady(part)).toMatch(/^503 .*an older copy was put back/);
    const decisions = [
      late.executor.client.ask_challenge({ batch_id: waiting, gate: 'execute' }),
      late.executor.client.cancel_payout_batch({ batch_id: waiting }),
      late.executor.client.resume_payout_batch({ batch_id: batchId }),
    ];
    for (const refused of decisions) await expect(refused).rejects.toMatchObject({ problem: { code: 'recovery_mode' } });
    // The older copy believes that this batch has items to send. Every activity of a run fails, to be tried again.
    const run = await runs.start(batchId, `${batchId}-after`);
    await until('an activity that is refused', async () => {
      const { raw } = await run.describe();
      return raw.pendingActivities?.some(({ lastFailure }) => lastFailure !== null && lastFailure !== undefined) ? true : undefined;
    });
    expect((await world.provider<{ requests: object }>('GET', '/books')).requests).toEqual(before.requests);

    await stopAll();
    await copy.putNewerBack();
    await startAll();
    await paidInFull(people, batchId);
  });
});

test('the audit log of all that verifies offline, against the checkpoints kept outside', async () => {
  const { api_url: baseUrl, api_key: token } = world.stack.state();
  const auditor = createClient({ baseUrl, token });
  await until('the sealing of all events', async () => {
    const { unsealed, published_at } = await auditor.show_checkpoint({});
    return unsealed === 0 && published_at !== null ? true : undefined;
  });
  const lines: string[] = [];
  for await (const line of exportLines(auditor.transport)) lines.push(line);
  const folder = join(placesIn(world.dataDir).checkpoints, world.tenantId);
  const checkpoints = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  const { verifierKey } = openCheckpointSigner(readKeyFile(world.keyFile));
  const report = await verifyAudit(lines, { verifierKey, checkpoints, tenantId: world.tenantId });
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({ ok: true, unsealed: 0, joined: report.sealed });
  expect(checkpoints.length).toBeGreaterThan(1);
  expect(report.lines.at(-1)).toBe('checksum ok');
});

/** Who is connected to the database. */
const PARTS = ['worker', 'api'] as const;
const stopAll = async (): Promise<void> => {
  for (const part of [...PARTS].reverse()) await world.stack.stopPart(part);
};
const startAll = async (): Promise<void> => {
  for (const part of PARTS) await world.stack.startPart(part);
};

const readiness = (part: 'api' | 'worker'): Promise<Response> => fetch(`http://127.0.0.1:${world.stack.state().processes[part]?.port}/readyz`);

/** The reason that a process gives for not being ready, once it has compared the database with what was published. */
const whyNotReady = (part: 'api' | 'worker'): Promise<string> =>
  until(`the comparison of the ${part}`, async () => {
    const answer = await readiness(part);
    const text = await answer.text();
    return /has not finished|not compared/.test(text) ? undefined : `${answer.status} ${text}`;
  });
