import type { z } from 'zod';
import type { optionalReason } from '../../contracts/batches.js';
import { isTerminalBatch } from '../../domain/batch/states.js';
import type { Result } from '../../domain/result.js';
import { reasonHash } from '../batch-state/end-early.js';
import { type HaltedBatch, readHaltedBatch } from '../batch-state/read.js';
import { refuseAbsent, refuseState } from '../batch-state/refuse.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';

/**
 * Stops sending until somebody resumes the batch, before or while it executes. It takes effect at once: the items that the answer
 * counts as not sent stay unsent. Evidence about sent items is still taken in. Pausing twice changes nothing. Refuses with
 * `not_found`, or `wrong_state` when the batch has ended.
 */
export const pausePayoutBatch = (ctx: Context, input: { batch_id: string } & z.output<typeof optionalReason>): Promise<Result<HaltedBatch>> =>
  ctx.inTenant(async (stores) => {
    const control = await stores.batches.lock(input.batch_id);
    if (!control) return refuseAbsent(ctx, stores, 'batch.pause', input.batch_id);
    const id = control.batchId;
    if (isTerminalBatch(control.state)) return refuseState(stores, 'pause', id, control.state);

    if (control.pausedAt === null) {
      const change = { pausedAt: stores.now, ...(input.reason === undefined ? {} : { reason: input.reason }) };
      await stores.batches.moveLocked(id, control.rowVersion, change);
      await stores.outbox.add({ batchId: id, message: 'batch_changed' });
    }
    const halted = await readHaltedBatch(ctx, stores, id);
    await stores.audit.append({
      subject: { type: 'batch', id },
      action: 'batch.pause',
      result: 'ok',
      detail: {
        state: control.state,
        already_sent: halted.already_sent,
        not_sent: halted.not_sent,
        ...(input.reason === undefined ? {} : { reason_sha256: reasonHash(ctx, input.reason) }),
      },
    });
    return answer(halted);
  });
