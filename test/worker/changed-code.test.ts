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
import { tokens } from '../operations/pay-scene.js';
import { type WorkerScene, workerScene } from './worker-scene.js';

const ITEMS = 128 * 3;
const NO_WORD = { gateId: null, requestId: null };

type Run = { id: string; handle: WorkflowHandle };

let scene: WorkerScene;
/** Runs of an older release: one in the middle of paying, one that waits for people and that nobody begins anew but the reconciler. */
let paying: { batchId: string; run: Run };
let waiting: { batchId: string; run: Run };

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  scene = await workerScene({ env: { SLUICE_RECONCILE_SECONDS: '1' } });
  await scene.connect({ endpoint: 'single' });
  const place = (batchId: string) => ({ tenantId: scene.home.tenantId, batchId });
  const older = await olderWorker(scene);
  const ran = older.worker.run();
  const workflows = batchWorkflows(scene.client);

  const first = await scene.queued(tokens(ITEMS));
  await workflows.wake(place(first), NO_WORD);
  paying = { batchId: first, run: await doing(first, 'waits for approve') };
  await scene.openUpTo('execute', first);
  await workflows.wake(place(first), NO_WORD);
  await doing(first, 'pays');

  const second = await scene.queued(tokens(2));
  await scene.client.workflow.start(PAYOUT_BATCH_WORKFLOW, {
    workflowId: scene.handle(second).workflowId,
    taskQueue: BATCH_QUEUE,
    args: [place(second)],
  });
  waiting = { batchId: second, run: await doing(second, 'waits for approve') };

  older.worker.shutdown();
  await ran;
  await older.connection.close();
  await scene.start();
}, 180_000);
afterAll(() => scene?.close(), 60_000);

/** A worker of the older release, for workflows and their light activities; chunks wait. */
const olderWorker = async ({ temporal, codec, as, rails }: WorkerScene) => {
  const { code } = await bundleWorkflowCode({ workflowsPath: join(import.meta.dirname, 'older-workflows.ts'), logger: new DefaultLogger('WARN') });
  const connection = await NativeConnection.connect({ address: temporal.address });
  const contextOf = async (tenantId: string) => as({ type: 'system', process: 'worker' }, { tenantId, role: 'worker', with: { rails } });
  const worker = await Worker.create({
    connection,
    namespace: temporal.namespace,
    taskQueue: BATCH_QUEUE,
    workflowBundle: { code },
    activities: createBatchActivities({ contextOf, requestOf: async () => null, log: () => {}, window: 2, historyEvents: 4_000 }),
    dataConverter: dataConverterWith(codec),
  });
  return { worker, connection };
};

/** The present run of a batch, once it does this. */
const doing = async (batchId: string, what: string): Promise<Run> => {
  await until(`the run to be: ${what}`, async () => {
    const progress = await scene.handle(batchId).query<{ doing: string }>('progress');
    return progress.doing === what ? true : undefined;
  });
  return runOf(batchId);
};

const runOf = async (batchId: string): Promise<Run> => {
  const { workflowId, runId } = await scene.handle(batchId).describe();
  return { id: runId, handle: scene.client.workflow.getHandle(workflowId, runId) };
};

/** How the first worker that could not replay a run left it: ended, or to be tried for ever. */
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
    const view = await scene.reaches(paying.batchId, 'completed');
    expect(view.counter).toMatchObject({ paid: ITEMS, open: 0 });
    expect(await scene.handle(paying.batchId).result()).toEqual({ state: 'completed' });
    const { events } = await (await runOf(paying.batchId)).handle.fetchHistory();
    expect(events?.[0]?.workflowExecutionStartedEventAttributes).toMatchObject({ continuedExecutionRunId: paying.run.id, attempt: 2 });
    await scene.enter(scene.home.tenantId);
    const asked = `SELECT DISTINCT request_id FROM audit_event WHERE (subject_id = $1 AND action = 'gate.execute') OR (subject_type = 'chunk' AND subject_id LIKE $1 || '/%')`;
    expect(await scene.sql(asked, [paying.batchId])).toHaveLength(1);
    expect(await scene.broken()).toEqual([]);
  }, 120_000);

  test('one that the server does not begin anew: the reconciler does', async () => {
    expect(await leftAs(waiting.run)).toBe('failed');
    const { runId } = await until('another run', async () => {
      const described = await scene.handle(waiting.batchId).describe();
      return described.status.name === 'RUNNING' ? described : undefined;
    });
    await scene.openUpTo('execute', waiting.batchId);
    await scene.reaches(waiting.batchId, 'completed');
    const run = await runOf(waiting.batchId);
    expect(run.id).toBe(runId);
    const { events } = await run.handle.fetchHistory();
    const builds = events?.flatMap((event) => event.workflowTaskCompletedEventAttributes?.workerVersion?.buildId ?? []);
    expect(new Set(builds)).toEqual(new Set([workflowBuildId()]));
    expect(await scene.broken()).toEqual([]);
  }, 120_000);
});
