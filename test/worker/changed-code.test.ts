import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createBatchActivities } from '../../activities/create.js';
import { batchWorkflows } from '../../relay/workflows.js';
import { dataConverterWith } from '../../worker/data-converter.js';
import { workflowBuildId } from '../../worker/workflow-bundle.js';
import { BATCH_QUEUE, PAYOUT_BATCH_WORKFLOW } from '../../workflows/messages.js';
import { until } from '../harness/until.js';
import { tokens } from '../world/paying.js';
import { openTemporalWorld, type TemporalWorld } from '../world/temporal.js';

const ITEMS = 128 * 3;
const NO_WORD = { gateId: null, requestId: null };

type Run = { id: string; handle: WorkflowHandle };

let world: TemporalWorld;
/** Runs of an older release: one in the middle of paying, and one that waits for people and that only the reconciler starts again. */
let paying: { batchId: string; run: Run };
let waiting: { batchId: string; run: Run };

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  world = await openTemporalWorld({ SLUICE_RECONCILE_SECONDS: '1' });
  await world.connect({ endpoint: 'single' });
  const place = (batchId: string) => ({ tenantId: world.home.tenantId, batchId });
  const older = await olderWorker(world);
  const ran = older.worker.run();
  const workflows = batchWorkflows(world.client);

  const first = await world.queued(tokens(ITEMS));
  await workflows.wake(place(first), NO_WORD);
  paying = { batchId: first, run: await doing(first, 'waits for approve') };
  await world.openUpTo('execute', first);
  await workflows.wake(place(first), NO_WORD);
  await doing(first, 'pays');

  const second = await world.queued(tokens(2));
  await world.client.workflow.start(PAYOUT_BATCH_WORKFLOW, {
    workflowId: world.handle(second).workflowId,
    taskQueue: BATCH_QUEUE,
    args: [place(second)],
  });
  waiting = { batchId: second, run: await doing(second, 'waits for approve') };

  older.worker.shutdown();
  await ran;
  await older.connection.close();
  await world.start();
}, 180_000);
afterAll(() => world?.close(), 60_000);

/** A worker of the older release. It runs workflows and their light activities; chunks wait. */
const olderWorker = async ({ temporal, codec, worker: contextOf }: TemporalWorld) => {
  const { code } = await bundleWorkflowCode({ workflowsPath: join(import.meta.dirname, 'older-workflows.ts'), logger: new DefaultLogger('WARN') });
  const connection = await NativeConnection.connect({ address: temporal.address });
  const worker = await Worker.create({
    connection,
    namespace: temporal.namespace,
    taskQueue: BATCH_QUEUE,
    workflowBundle: { code },
    activities: createBatchActivities({
      contextOf: async (tenantId) => contextOf({}, tenantId),
      requestOf: async () => null,
      log: () => {},
      window: 2,
      historyEvents: 4_000,
    }),
    dataConverter: dataConverterWith(codec),
  });
  return { worker, connection };
};

/** The present run of a batch, once its progress says this. */
const doing = async (batchId: string, what: string): Promise<Run> => {
  await until(`the run to be: ${what}`, async () => {
    const progress = await world.handle(batchId).query<{ doing: string }>('progress');
    return progress.doing === what ? true : undefined;
  });
  return runOf(batchId);
};

const runOf = async (batchId: string): Promise<Run> => {
  const { workflowId, runId } = await world.handle(batchId).describe();
  return { id: runId, handle: world.client.workflow.getHandle(workflowId, runId) };
};

/** What the first worker that could not replay a run did with it: ended it, or left it to be tried for ever. */
const leftAs = ({ handle }: Run) =>
  until('a worker of today to look at the run', async () => {
    const { events } = await handle.fetchHistory();
    if (events?.some((event) => event.workflowExecutionFailedEventAttributes)) return 'failed';
    return events?.some((event) => event.workflowTaskFailedEventAttributes) ? 'retries its task' : undefined;
  });

describe('runs that the workflows of today cannot replay', () => {
  test('in the middle of paying: the run ends, the server begins it anew, everybody is paid once', async () => {
    expect(await leftAs(paying.run)).toBe('failed');
    const left = (await paying.run.handle.fetchHistory()).events?.at(-1)?.workflowExecutionFailedEventAttributes;
    expect(left).toMatchObject({ failure: { message: expect.stringMatching(/[Nn]ondeterminism/) }, newExecutionRunId: expect.stringMatching(/./) });
    const view = await world.reaches(paying.batchId, 'completed');
    expect(view.counter).toMatchObject({ paid: ITEMS, open: 0 });
    expect(await world.handle(paying.batchId).result()).toEqual({ state: 'completed' });
    const { events } = await (await runOf(paying.batchId)).handle.fetchHistory();
    expect(events?.[0]?.workflowExecutionStartedEventAttributes).toMatchObject({ continuedExecutionRunId: paying.run.id, attempt: 2 });
    const asked = `SELECT DISTINCT request_id FROM audit_event WHERE (subject_id = $1 AND action = 'gate.execute') OR (subject_type = 'chunk' AND subject_id LIKE $1 || '/%')`;
    expect(await world.sql(asked, [paying.batchId])).toHaveLength(1);
    expect(await world.broken()).toEqual([]);
  }, 120_000);

  test('one that the server does not begin anew: the reconciler does', async () => {
    expect(await leftAs(waiting.run)).toBe('failed');
    const { runId } = await until('another run', async () => {
      const described = await world.handle(waiting.batchId).describe();
      return described.status.name === 'RUNNING' ? described : undefined;
    });
    await world.openUpTo('execute', waiting.batchId);
    await world.reaches(waiting.batchId, 'completed');
    const run = await runOf(waiting.batchId);
    expect(run.id).toBe(runId);
    const { events } = await run.handle.fetchHistory();
    const builds = events?.flatMap((event) => event.workflowTaskCompletedEventAttributes?.workerVersion?.buildId ?? []);
    expect(new Set(builds)).toEqual(new Set([workflowBuildId()]));
    expect(await world.broken()).toEqual([]);
  }, 120_000);
});
