import type { z } from 'zod';
import type { withReason } from '../../contracts/batches.js';
import { mayMove } from '../../domain/batch/states.js';
import type { Result } from '../../domain/result.js';
import { endEarly } from '../batch-state/end-early.js';
import { readBatch, type WireBatch } from '../batch-state/read.js';
import { refuseAbsent, refuseInDoubt, refuseState } from '../batch-state/refuse.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';

/** Turns a batch down for good and releases its hold. Refuses with `not_found`, or `wrong_state` once payments may leave. */
export const rejectPayoutBatch = (ctx: Context, input: { batch_id: string } & z.output<typeof withReason>): Promise<Result<WireBatch>> =>
  ctx.inTenant(async (stores) => {
    const control = await stores.batches.lock(input.batch_id);
    if (!control) return refuseAbsent(ctx, stores, 'batch.reject', input.batch_id);
    if (!mayMove('reject', control.state)) return refuseState(stores, 'reject', control.batchId, control.state);
    const doubt = await refuseInDoubt(stores, 'reject', control.batchId, control.state);
    if (doubt) return doubt;
    await endEarly(ctx, stores, control, { verb: 'reject', reason: input.reason });
    return answer(await readBatch(ctx, stores, control.batchId));
  });
