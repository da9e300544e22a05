import type { ActivityOptions, RetryPolicy } from '@temporalio/workflow';
import { CHUNK_QUEUE } from './messages.js';

/** All time-outs and retries of the workflows. activities/failure.ts decides which errors are retried. */

/** Without an end: the payments go on when the database or the provider is back. */
const RETRY: RetryPolicy = { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '15s' };

/** One short transaction. A missing heartbeat shows within three seconds that its worker died. */
export const LIGHT: ActivityOptions = { startToCloseTimeout: '30s', heartbeatTimeout: '3s', retry: RETRY };

/** Lookups of a whole batch. A missing heartbeat shows within three seconds that its worker died. */
export const LOOKUP: ActivityOptions = { startToCloseTimeout: '15m', heartbeatTimeout: '3s', retry: RETRY };

/** Taking in a file, a million rows at the most. It ends between two parts, and the next try goes on there. */
export const TAKE_IN: ActivityOptions = { startToCloseTimeout: '6h', heartbeatTimeout: '3s', retry: RETRY };

/**
 * One chunk. Matching is fair between tenants, so a tenant with a long backlog does not delay the others. Eager dispatch would
 * bypass matching, and so fairness.
 */
export const chunkOptions = (tenantId: string): ActivityOptions => ({
  taskQueue: CHUNK_QUEUE,
  startToCloseTimeout: '15m',
  heartbeatTimeout: '3s',
  allowEagerDispatch: false,
  priority: { fairnessKey: tenantId },
  retry: RETRY,
});

/**
 * A run. It fails when it can't be replayed with the present code (worker/workers.ts); then the server starts it again. After this
 * many attempts the reconciler does, within its interval. A failed run is not a failed batch.
 */
export const RUN_RETRY: RetryPolicy = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s', maximumAttempts: 10 };

/** The longest wait without loading the batch; signals end a wait earlier. */
export const IDLE_MS = 10 * 60_000;

/**
 * The longest wait of a batch that executes and has nothing to wait for: another run may be about to end it, which no message tells this
 * one. Waits begin at LOOKUP_MIN_MS and double.
 */
export const QUIET_MS = 60_000;

/** The wait after a chunk activity failed for good, which only a programming error does. */
export const BROKEN_MS = 30_000;

/** The pause between two rounds of lookups beside sending. Each costs a run five events of its history. */
export const BESIDE_MS = 5_000;

/** The shortest pause between two rounds of lookups. */
export const LOOKUP_MIN_MS = 500;
