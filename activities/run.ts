import { activityInfo, heartbeat } from '@temporalio/activity';
import type { Context } from '../operations/context.js';
import type { ActivityDeps, BatchPlace } from './deps.js';
import { asFailure } from './failure.js';

/**
 * Time between two heartbeats, whatever the work waits for; the time-out is three of them (workflows/policies.ts). There is none for
 * each payment: a heartbeat is encoded and encrypted, which costs more than the payment's HTTP call.
 */
const BEAT_MS = 1_000;

/**
 * Runs the body of an activity: with a context under the id of the request that caused it, a heartbeat that says how far it got,
 * one line in the log, and its errors mapped by `asFailure`.
 *
 * @param asked id of the request that woke the run for this. Without one it is the request that opened the execute gate, or else a
 *   name made of the run and the attempt.
 */
export const runActivity = async <T>(
  deps: ActivityDeps,
  place: BatchPlace & { chunk?: number },
  work: (ctx: Context, progress: (sent: number) => void) => Promise<T>,
  asked?: string,
): Promise<T> => {
  const { workflowExecution, activityType, activityId, attempt } = activityInfo();
  const startedAt = performance.now();
  let sent = 0;
  let requestId = asked ?? '';
  const beat = setInterval(() => heartbeat({ sent }), BEAT_MS);
  const log = (ok: boolean) => {
    const { tenantId, batchId, chunk } = place;
    const about = { request_id: requestId, tenant_id: tenantId, batch_id: batchId, ...(chunk === undefined ? {} : { chunk }) };
    deps.log({ ...about, activity: activityType, attempt, ok, ms: Math.round(performance.now() - startedAt) });
  };
  try {
    requestId ||= (await deps.requestOf(place)) ?? `${workflowExecution?.workflowId ?? 'activity'}/${activityId}.${attempt}`;
    const ctx = await deps.contextOf(place.tenantId, requestId);
    const done = await work(ctx, (now) => {
      sent = now;
    });
    log(true);
    return done;
  } catch (error) {
    log(false);
    throw asFailure(error);
  } finally {
    clearInterval(beat);
  }
};
