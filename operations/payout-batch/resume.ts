import { isTerminalBatch } from '../../domain/batch/states.js';
import { ok, type Result } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { noSuchBatch, wrongState } from './refusals.js';
import { toWireBatch, type WireBatch } from './view.js';

/** Lets a paused batch go on. Resuming one that is not paused changes nothing. Refuses a batch that has ended. */
export const resumePayoutBatch = (ctx: Context, input: { batch_id: string }): Promise<Result<WireBatch>> =>
  ctx.inTenant(async (stores) => {
    const control = await stores.batches.lock(input.batch_id);
    if (!control) return noSuchBatch();
    const about = { subject: { type: 'batch', id: control.batchId }, action: 'batch.resume', detail: { state: control.state } } as const;
    if (isTerminalBatch(control.state)) return refusedAndAudited(stores, about, wrongState('resume', control.state));

    if (control.pausedAt !== null) {
      const moved = await stores.batches.move(control.batchId, control.rowVersion, { pausedAt: null, reason: null });
      if (!moved) throw new Error('a locked batch was moved by somebody else');
      await stores.outbox.add({ batchId: control.batchId, message: 'batch_changed' });
    }
    await stores.audit.append({ ...about, result: 'ok' });
    const view = await stores.batches.view(control.batchId);
    if (!view) throw new Error('a batch cannot be read under its own lock');
    return ok(toWireBatch(view, ctx.tenantId));
  });
