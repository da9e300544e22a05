import type { z } from 'zod';
import type { optionalReason } from '../../contracts/batches.js';
import { mayMove } from '../../domain/batch/states.js';
import { blockHash } from '../../domain/item/transitions.js';
import type { Result } from '../../domain/result.js';
import { endEarly, reasonHash } from '../batch-state/end-early.js';
import { beginEnd } from '../batch-state/finish.js';
import { type HaltedBatch, readHaltedBatch } from '../batch-state/read.js';
import { refuseAbsent, refuseInDoubt, refuseState } from '../batch-state/refuse.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';
import type { Stores } from '../ports.js';
import type { ControlRow } from '../stores/batches.js';

/** One transaction cancels a million items (ADR 0022). On a busy machine the usual half minute is too short for that. */
const TIMEOUT_MS = 10 * 60_000;

/**
 * Stops what has not been sent, for good. Before execution the batch is `cancelled` and its hold released. While it executes, all
 * items without an intent are cancelled at once, and the batch waits for what is in flight; it then ends `completed`, or
 * `cancelled` when nothing was paid. Cancelling twice changes nothing. Refuses with `not_found`, or `wrong_state` when the batch
 * has ended.
 */
export const cancelPayoutBatch = (ctx: Context, input: { batch_id: string } & z.output<typeof optionalReason>): Promise<Result<HaltedBatch>> =>
  ctx.inTenant(
    async (stores) => {
      const control = await stores.batches.lock(input.batch_id);
      if (!control) return refuseAbsent(ctx, stores, 'batch.cancel', input.batch_id);
      const reason = input.reason ?? null;
      const doubt = mayMove('cancel', control.state) ? await refuseInDoubt(stores, 'cancel', control.batchId, control.state) : null;
      if (doubt) return doubt;
      if (mayMove('cancel', control.state)) await endEarly(ctx, stores, control, { verb: 'cancel', reason });
      else if (control.state === 'executing') await cancelPending(ctx, stores, control, reason);
      else return refuseState(stores, 'cancel', control.batchId, control.state);
      return answer(await readHaltedBatch(ctx, stores, control.batchId));
    },
    { timeoutMs: TIMEOUT_MS },
  );

/** In the lock order of R8: the batch (the caller holds it) → items → hold → accounts → counters → audit. */
const cancelPending = async (ctx: Context, stores: Stores, control: ControlRow, reason: string | null): Promise<void> => {
  const id = control.batchId;
  const eventId = stores.audit.newId();
  if (control.cancellingAt === null) {
    const change = { cancellingAt: stores.now, ...(reason === null ? {} : { reason }) };
    await stores.batches.moveLocked(id, control.rowVersion, change);
  }
  const withdrawn = await stores.items.withdraw(id, eventId, 'all');
  const counter = await stores.batches.counter(id);
  // After a payment the batch ends `completed`, which only the worker may write. The message makes the worker write it.
  const end = counter.paid + counter.returned === 0 ? await beginEnd(stores, await stores.batches.control(id)) : null;
  await stores.outbox.add({ batchId: id, message: 'batch_changed' });
  await stores.audit.append({
    id: eventId,
    subject: { type: 'batch', id },
    action: 'batch.cancel',
    result: 'ok',
    detail: {
      state: control.state,
      withdrawn: withdrawn?.count ?? 0,
      withdrawn_amount: (withdrawn?.amount ?? 0n).toString(),
      ...(withdrawn ? { transitions_sha256: blockHash(ctx.services.sha256, withdrawn.body) } : {}),
      open: counter.open,
      ...(reason === null ? {} : { reason_sha256: reasonHash(ctx, reason) }),
    },
  });
  await end?.();
};
