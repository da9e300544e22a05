import type { ActivityOptions, RetryPolicy } from '@temporalio/workflow';
import { CHUNK_QUEUE } from './messages.js';

/** Every time-out and retry of the product in one place. Which errors are worth a retry: activities/failure.ts. */

/** For ever: what was promised is paid when the database or the provider is back. */
const RETRY: RetryPolicy = { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '15s' };

/** One short transaction; its heartbeat says within three seconds that the worker died in it. */
export const LIGHT: ActivityOptions = { startToCloseTimeout: '30s', heartbeatTimeout: '3s', retry: RETRY };

/** Lookups of a whole batch; dead within three missed heartbeats. */
export const LOOKUP: ActivityOptions = { startToCloseTimeout: '15m', heartbeatTimeout: '3s', retry: RETRY };

/**
 * One chunk. The key of fairness is the tenant: a tenant with a long backlog does not delay the others. Eager dispatch
 * goes round matching, and so round fairness.
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
 * A run. It fails when it can't go on under the present code (worker/workers.ts), and is begun anew by the server; when that
 * was done this often, by the reconciler within its interval. A failed run is no failed batch.
 */
export const RUN_RETRY: RetryPolicy = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s', maximumAttempts: 10 };

/** The longest time without a look at the database; wake-ups come by signal. */
export const IDLE_MS = 10 * 60_000;

/** After a chunk failed for good, which takes a broken assumption. */
export const BROKEN_MS = 30_000;

/** The shortest pause between two rounds of lookups. */
export const LOOKUP_MIN_MS = 500;
