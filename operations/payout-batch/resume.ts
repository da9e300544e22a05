import { isTerminalBatch } from '../../domain/batch/states.js';
import type { Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { refuseAbsent, refuseState } from './refuse-deed.js';
import { shown, type WireBatch } from './view.js';

/** Lets a paused batch go on. Resuming one that is not paused changes nothing. Refuses a batch that has ended. */
export const resumePayoutBatch = (ctx: Context, input: { batch_id: string }): Promise<Result<WireBatch>> =>
  ctx.inTenant(async (stores) => {
    const control = await stores.batches.lock(input.batch_id);
    if (!control) return refuseAbsent(ctx, stores, 'batch.resume', input.batch_id);
    if (isTerminalBatch(control.state)) return refuseState(stores, 'resume', control.batchId, control.state);

    if (control.pausedAt !== null) {
      const moved = await stores.batches.move(control.batchId, control.rowVersion, { pausedAt: null, reason: null });
      if (!moved) throw new Error('a locked batch was moved by somebody else');
      await stores.outbox.add({ batchId: control.batchId, message: 'batch_changed' });
    }
    await stores.audit.append({
      subject: { type: 'batch', id: control.batchId },
      action: 'batch.resume',
      result: 'ok',
      detail: { state: control.state },
    });
    return answer(await shown(ctx, stores, control.batchId));
  });
