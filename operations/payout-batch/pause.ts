import type { z } from 'zod';
import type { optionalReason } from '../../contracts/batches.js';
import { isTerminalBatch } from '../../domain/batch/states.js';
import type { Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { reasonHash } from './end-early.js';
import { type Halted, haltedBatch } from './halted.js';
import { refuseAbsent, refuseState } from './refuse-deed.js';

/**
 * Stops sending until resumed, before or while a batch executes. Takes hold at once: what the answer counts as not
 * sent stays so. Evidence of what was sent goes on being taken in. Pausing twice changes nothing.
 */
export const pausePayoutBatch = (ctx: Context, input: { batch_id: string } & z.output<typeof optionalReason>): Promise<Result<Halted>> =>
  ctx.inTenant(async (stores) => {
    const control = await stores.batches.lock(input.batch_id);
    if (!control) return refuseAbsent(ctx, stores, 'batch.pause', input.batch_id);
    if (isTerminalBatch(control.state)) return refuseState(stores, 'pause', control.batchId, control.state);

    if (control.pausedAt === null) {
      const change = { pausedAt: stores.now, ...(input.reason === undefined ? {} : { reason: input.reason }) };
      if (!(await stores.batches.move(control.batchId, control.rowVersion, change))) throw new Error('a locked batch was moved by somebody else');
      await stores.outbox.add({ batchId: control.batchId, message: 'batch_changed' });
    }
    const halted = await haltedBatch(ctx, stores, control.batchId);
    await stores.audit.append({
      subject: { type: 'batch', id: control.batchId },
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
