import type { z } from 'zod';
import type { optionalReason } from '../../contracts/batches.js';
import { mayMove } from '../../domain/batch/states.js';
import { toHex } from '../../domain/hashing.js';
import type { Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { voidCancelled } from '../ledger/release-hold.js';
import type { Stores } from '../ports.js';
import type { ControlRow } from '../stores/batches.js';
import { endEarly, reasonHash } from './end-early.js';
import { finishIfDone } from './finish.js';
import { type Halted, haltedBatch } from './halted.js';
import { refuseAbsent, refuseState } from './refuse-deed.js';
import { withdrawalsRoot } from './withdrawals-root.js';

/** A million items are withdrawn in one transaction (ADR 0022): the usual half minute is too short for that on a busy machine. */
const PATIENCE = { timeoutMs: 10 * 60_000 };

/**
 * Stops what has not been sent, for good. Before execution the batch is `cancelled` and its hold given back. While
 * it executes, all that has no intent yet is withdrawn at once and what is in flight is waited for; the batch then
 * ends `completed`, or `cancelled` when nothing was paid. Cancelling twice changes nothing.
 */
export const cancelPayoutBatch = (ctx: Context, input: { batch_id: string } & z.output<typeof optionalReason>): Promise<Result<Halted>> =>
  ctx.inTenant(async (stores) => {
    const control = await stores.batches.lock(input.batch_id);
    if (!control) return refuseAbsent(ctx, stores, 'batch.cancel', input.batch_id);
    const reason = input.reason ?? null;
    if (mayMove('cancel', control.state)) await endEarly(ctx, stores, control, { verb: 'cancel', reason });
    else if (control.state === 'executing') await withdrawPending(ctx, stores, control, reason);
    else return refuseState(stores, 'cancel', control.batchId, control.state);
    return answer(await haltedBatch(ctx, stores, control.batchId));
  }, PATIENCE);

/** In the lock order of R8: control (held by the caller) → items → hold → accounts → counters → audit. */
const withdrawPending = async (ctx: Context, stores: Stores, control: ControlRow, reason: string | null): Promise<void> => {
  const id = control.batchId;
  const eventId = stores.audit.newId();
  if (control.cancellingAt === null) {
    const change = { cancellingAt: stores.now, ...(reason === null ? {} : { reason }) };
    if (!(await stores.batches.move(id, control.rowVersion, change))) throw new Error(`batch ${id} moved under its own lock`);
  }
  const withdrawn = await stores.items.cancelPending(id, eventId);
  // Before hold and accounts: all other payments of the workspace post to these, and would wait for the hashing of a million leaves.
  const root = await withdrawalsRoot(ctx.services.sha256, withdrawn.ordinals);
  if (withdrawn.ordinals.length > 0) await voidCancelled(stores, id, eventId, withdrawn.amount);
  const counter = await stores.batches.addToCounter(id, { open: -withdrawn.ordinals.length, cancelled: withdrawn.ordinals.length });
  await stores.outbox.add({ batchId: id, message: 'batch_changed' });
  await stores.audit.append({
    id: eventId,
    subject: { type: 'batch', id },
    action: 'batch.cancel',
    result: 'ok',
    detail: {
      state: control.state,
      withdrawn: withdrawn.ordinals.length,
      withdrawn_amount: withdrawn.amount.toString(),
      transitions_root: toHex(root),
      open: counter.open,
      ...(reason === null ? {} : { reason_sha256: reasonHash(ctx, reason) }),
    },
  });
  // Where something was paid the end is `completed`, which only the worker may write: the message above makes it do so.
  if (counter.paid + counter.returned === 0) await finishIfDone(stores, id, counter);
};
