import type { z } from 'zod';
import type { withReason } from '../../contracts/batches.js';
import { mayMove } from '../../domain/batch/states.js';
import type { Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { endEarly } from './end-early.js';
import { refuseAbsent, refuseState } from './refuse-deed.js';
import type { WireBatch } from './view.js';

/** Turns a batch down for good; a hold is given back. Refuses with `not_found`, or `wrong_state` once payments may leave. */
export const rejectPayoutBatch = (ctx: Context, input: { batch_id: string } & z.output<typeof withReason>): Promise<Result<WireBatch>> =>
  ctx.inTenant(async (stores) => {
    const control = await stores.batches.lock(input.batch_id);
    if (!control) return refuseAbsent(ctx, stores, 'batch.reject', input.batch_id);
    if (!mayMove('reject', control.state)) return refuseState(stores, 'reject', control.batchId, control.state);
    return answer(await endEarly(ctx, stores, control, { verb: 'reject', reason: input.reason }));
  });
