import type { z } from 'zod';
import type { liftStop as contract } from '../../contracts/stops.js';
import { type Refusal, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { proveToDecide } from '../factor/prove.js';
import { answer } from '../idempotency/answer.js';
import { holds } from '../membership/check.js';
import type { Stores } from '../ports.js';
import type { StopRow } from '../stores/stops.js';
import { readStop, type WireStop } from './view.js';

/**
 * Asks to lift the stop that the caller looked at; when somebody else has asked, it is lifted, and what executes goes on by itself unless
 * operators froze the workspace meanwhile. Who asked and may stop the workspace no longer does not count: the caller takes their place. Each of
 * the two needs a factor that has rested.
 *
 * Refuses with `forbidden` (no person), `freeze_state` (this stop is not open), `freeze_same_person`, `code_wrong`, `otp_step_used`,
 * `factor_locked`, `factor_missing` or `factor_resting`.
 */
export const liftStop = (ctx: Context, { stop_id, code }: z.output<typeof contract>): Promise<Result<WireStop>> =>
  ctx.inTenant(async (stores): Promise<Result<WireStop>> => {
    const { actor } = ctx;
    const workspace = await stores.workspaces.lock();
    const stop = await stores.stops.current();
    const isSecond = stop !== null && (await asksStill(ctx, stores, stop));
    const action = isSecond ? 'workspace.lift_stop' : 'workspace.ask_to_lift_stop';
    const entry = { subject: { type: 'workspace', id: ctx.tenantId }, action, detail: { stop_id } } as const;
    const refused = (refusal: Refusal) => refusedAndAudited(stores, entry, refusal);
    if (actor.type !== 'user') return refused(refuse('forbidden', 'Only a person signed in as themselves lifts a stop.').refusal);
    if (stop?.id !== stop_id) return refused(NOT_OPEN);
    if (isSecond && stop.liftAskedBy === actor.personId) return refused(SAME_PERSON);
    const unproven = await proveToDecide(ctx, stores, actor.personId, code);
    if (unproven) return refused(unproven);
    if (isSecond) await endStop(stores, stop, actor.personId, workspace.frozenAt);
    else await stores.stops.askToLift(stop.id, actor.personId);
    await stores.audit.append({ ...entry, result: 'ok' });
    return answer(await readStop(stores));
  });

const asksStill = async (ctx: Context, stores: Stores, { liftAskedBy }: StopRow): Promise<boolean> =>
  liftAskedBy !== null && (await holds(ctx, stores, liftAskedBy, 'workspace.stop'));

const endStop = async (stores: Stores, { id, stoppedAt }: StopRow, personId: string, frozenAt: Date | null): Promise<void> => {
  await stores.stops.lift(id, personId);
  // What was stopped before was stopped by somebody else.
  if (frozenAt?.getTime() !== stoppedAt.getTime()) return;
  await stores.workspaces.thaw();
  await stores.outbox.wake(await stores.batches.executing());
};

const NOT_OPEN = refuse('freeze_state', 'This stop is not open any more. Look at the workspace again, then decide.').refusal;
const SAME_PERSON = refuse('freeze_same_person', 'You asked to lift this stop; somebody else who may stop the workspace has to ask as well.').refusal;
