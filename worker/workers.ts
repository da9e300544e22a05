import type { PayloadCodec } from '@temporalio/common';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { createBatchActivities, createChunkActivities } from '../activities/create.js';
import type { ActivityDeps } from '../activities/deps.js';
import type { WorkerConfig } from '../config/worker.js';
import { BATCH_QUEUE, CHUNK_QUEUE } from '../workflows/messages.js';
import { dataConverterWith } from './data-converter.js';
import { workflowBuildId, workflowBundle } from './workflow-bundle.js';

/**
 * Two Temporal workers on one connection: one for workflows and light activities, one for chunks on their own queue, so that
 * matching is fair between tenants. A chunk in flight has ten seconds to finish when the process stops.
 */
export const createWorkers = async (
  config: WorkerConfig,
  connection: NativeConnection,
  codec: PayloadCodec,
  deps: ActivityDeps,
): Promise<Worker[]> => {
  const common: Omit<WorkerOptions, 'taskQueue'> = {
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    dataConverter: dataConverterWith(codec),
    // Only a name, which the Web UI shows on every task. Every worker takes every run, so no run waits for an old build.
    workerDeploymentOptions: { useWorkerVersioning: false, version: { deploymentName: 'sluice', buildId: workflowBuildId() } },
    shutdownGraceTime: '10s',
    shutdownForceTime: '15s',
    ...(config.SLUICE_WORKER_IDENTITY ? { identity: config.SLUICE_WORKER_IDENTITY } : {}),
  };
  return Promise.all([
    Worker.create({
      ...common,
      taskQueue: BATCH_QUEUE,
      workflowBundle: { code: await workflowBundle() },
      activities: createBatchActivities(deps),
      // A run that these workflows can't replay fails and starts again, because its batch is in Postgres (docs/adr/0033).
      workflowFailureErrorTypes: { '*': ['NondeterminismError', 'DeterminismViolationError'] },
      // The runs of a killed worker go on in another one within about a second.
      stickyQueueScheduleToStartTimeout: '1s',
      maxCachedWorkflows: 200,
    }),
    Worker.create({
      ...common,
      taskQueue: CHUNK_QUEUE,
      activities: createChunkActivities(deps),
      // Each chunk uses one connection as long as its transactions last.
      maxConcurrentActivityTaskExecutions: Math.max(1, config.SLUICE_WORKER_CONNECTIONS - 2),
    }),
  ]);
};
