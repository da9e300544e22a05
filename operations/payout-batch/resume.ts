import { isTerminalBatch } from '../../domain/batch/states.js';
import type { Result } from '../../domain/result.js';
import { readBatch, type WireBatch } from '../batch-state/read.js';
import { refuseAbsent, refuseState } from '../batch-state/refuse.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';

/**
 * Lets a paused batch go on. Resuming a batch that is not paused changes nothing. Refuses with `not_found`, or `wrong_state` when
 * the batch has ended.
 */
export const resumePayoutBatch = (ctx: Context, input: { batch_id: string }): Promise<Result<WireBatch>> =>
  ctx.inTenant(async (stores) => {
    const control = await stores.batches.lock(input.batch_id);
    if (!control) return refuseAbsent(ctx, stores, 'batch.resume', input.batch_id);
    const id = control.batchId;
    if (isTerminalBatch(control.state)) return refuseState(stores, 'resume', id, control.state);

    if (control.pausedAt !== null) {
      await stores.batches.moveLocked(id, control.rowVersion, { pausedAt: null, reason: null });
      await stores.outbox.add({ batchId: id, message: 'batch_changed' });
    }
    await stores.audit.append({ subject: { type: 'batch', id }, action: 'batch.resume', result: 'ok', detail: { state: control.state } });
    return answer(await readBatch(ctx, stores, id));
  });
