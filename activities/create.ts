import type { ActivityDeps } from './deps.js';
import { expireBatchActivity } from './expire-batch.js';
import { loadBatchActivity } from './load-batch.js';
import { lookUpDueActivity } from './look-up-due.js';
import { payChunkActivity } from './pay-chunk.js';
import { takeInActivity } from './take-in.js';

/** Light activities, on the workflow's own queue. Names are wire format. */
export const createBatchActivities = (deps: ActivityDeps) => ({
  loadBatch: loadBatchActivity(deps),
  lookUpDue: lookUpDueActivity(deps),
  expireBatch: expireBatchActivity(deps),
  takeIn: takeInActivity(deps),
});

/** Activities that send money, on a queue of their own for fairness between tenants. */
export const createChunkActivities = (deps: ActivityDeps) => ({ payChunk: payChunkActivity(deps) });

export type BatchActivities = ReturnType<typeof createBatchActivities>;
export type ChunkActivities = ReturnType<typeof createChunkActivities>;
