import { activityInfo, heartbeat } from '@temporalio/activity';
import type { Context } from '../operations/context.js';
import type { ActivityDeps, BatchPlace } from './deps.js';
import { asFailure, InRecovery } from './failure.js';

/**
 * Time between two heartbeats, whatever the work waits for; the time-out is three of them (workflows/policies.ts). There is none for
 * each payment: a heartbeat is encoded and encrypted, which costs more than the payment's HTTP call.
 */
const BEAT_MS = 1_000;
/** While an activity works for long, every so many heartbeats the database hears of it too. */
const BEATS_A_NOTE = 3;

interface Options<T> {
  /** Id of the request that woke the run for this. Without one it is the request that opened the execute gate, or else a name of run and attempt. */
  asked?: string | undefined;
  /**
   * Within how many ms of this the run shows itself again, null when it waits for people alone: the reconciler finds a run that does
   * not. 0 when it is left out: the run goes on at once. `noted` when this was written a moment ago.
   */
  comesBack?: (done: T) => number | null | 'noted';
}

/**
 * Runs the body of an activity: with a context under the id of the request that caused it, a heartbeat that says how far it got,
 * one line in the log, and its errors mapped by `asFailure`. In recovery mode no activity does anything: it fails and is tried again (R15). A step that succeeds, or works for long, is noted as progress of its run (R13).
 */
export const runActivity = async <T>(
  deps: ActivityDeps,
  place: BatchPlace & { chunk?: number },
  work: (ctx: Context, progress: (sent: number) => void) => Promise<T>,
  { asked, comesBack = () => 0 }: Options<T> = {},
): Promise<T> => {
  const { workflowExecution, activityType, activityId, attempt } = activityInfo();
  const startedAt = performance.now();
  let sent = 0;
  let requestId = asked ?? '';
  let beats = 0;
  let ctx: Context | null = null;
  const note = async (comesBackMs: number | null) => ctx?.inTenant(({ batchRuns }) => batchRuns.driven(place.batchId, comesBackMs));
  const beat = setInterval(() => {
    heartbeat({ sent });
    // When it can't be written now, it is written at the next chance.
    if (++beats % BEATS_A_NOTE === 0) note(0).catch(() => undefined);
  }, BEAT_MS);
  const log = (ok: boolean) => {
    const { tenantId, batchId, chunk } = place;
    const about = { request_id: requestId, tenant_id: tenantId, batch_id: batchId, ...(chunk === undefined ? {} : { chunk }) };
    deps.log({ ...about, activity: activityType, attempt, ok, ms: Math.round(performance.now() - startedAt) });
  };
  try {
    requestId ||= (await deps.requestOf(place)) ?? `${workflowExecution?.workflowId ?? 'activity'}/${activityId}.${attempt}`;
    ctx = await deps.contextOf(place.tenantId, requestId);
    const recovering = ctx.services.recovery.reason();
    if (recovering !== null) throw new InRecovery(recovering);
    const done = await work(ctx, (now) => {
      sent = now;
    });
    const comesBackMs = comesBack(done);
    if (comesBackMs !== 'noted') await note(comesBackMs);
    log(true);
    return done;
  } catch (error) {
    log(false);
    throw asFailure(error);
  } finally {
    clearInterval(beat);
  }
};
