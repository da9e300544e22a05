import { BATCH_TRANSITIONS, type BatchState, mayMove } from '../../domain/batch/states.js';
import { ok, type Result } from '../../domain/result.js';
import { endEarly } from '../batch-state/end-early.js';
import { refuseAbsent } from '../batch-state/refuse.js';
import type { Context } from '../context.js';
import { giveUpAbandoned } from '../intake/sweep-uploads.js';
import { recoveryRefusal } from '../recovery/refuse.js';

/**
 * Ends a batch whose deadline has passed on the database's clock. It leaves any other batch alone, so a call that comes too early
 * or twice does nothing. Answers the state that the batch is in afterwards. The worker calls it when its timer wakes (R13).
 * In recovery mode a batch that is due stays as it is (`recovery_mode`, or `not_ready` before the first comparison): it may have been paid after the copy was made (R15).
 */
export const expirePayoutBatch = (ctx: Context, input: { batch_id: string }): Promise<Result<{ state: BatchState }>> =>
  ctx.inTenant(async (stores) => {
    if (await giveUpAbandoned(stores, input.batch_id)) return ok({ state: 'cancelled' });
    const control = await stores.batches.lock(input.batch_id);
    const own = control ? null : await stores.batches.incoming(input.batch_id);
    if (own) return ok({ state: own.control.state });
    if (!control) return refuseAbsent(ctx, stores, 'batch.expire', input.batch_id);
    const due = mayMove('expire', control.state) && control.deadlineAt !== null && control.deadlineAt <= stores.now;
    if (!due) return ok({ state: control.state });
    // It may have been paid before the database was restored (R15).
    if (await stores.recoveries.markOf(control.batchId)) return ok({ state: control.state });
    const recovering = recoveryRefusal(ctx);
    if (recovering) return { ok: false, refusal: recovering };
    await endEarly(ctx, stores, control, { verb: 'expire', reason: null });
    return ok({ state: BATCH_TRANSITIONS.expire.to });
  });
