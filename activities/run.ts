import { activityInfo, heartbeat } from '@temporalio/activity';
import type { Context } from '../operations/context.js';
import type { ActivityDeps, BatchPlace } from './deps.js';
import { asFailure } from './failure.js';

/** A heartbeat this often, whatever the work is waiting for; the time-out is three of them (workflows/policies.ts). */
const BEAT_MS = 1_000;

/**
 * Runs the body of an activity: with a context whose correlation id names the run and the attempt, with a heartbeat
 * that carries how far it got, and with its errors mapped in the one place.
 */
export const runActivity = async <T>(
  deps: ActivityDeps,
  place: BatchPlace,
  work: (ctx: Context, progress: (sent: number) => void) => Promise<T>,
): Promise<T> => {
  const { workflowExecution, activityId, attempt } = activityInfo();
  let sent = 0;
  const beat = setInterval(() => heartbeat({ sent }), BEAT_MS);
  try {
    const ctx = await deps.contextOf(place.tenantId, `${workflowExecution?.workflowId ?? 'activity'}/${activityId}.${attempt}`);
    return await work(ctx, (done) => {
      sent = done;
      heartbeat({ sent });
    });
  } catch (error) {
    throw asFailure(error);
  } finally {
    clearInterval(beat);
  }
};
