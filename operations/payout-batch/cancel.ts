import type { z } from 'zod';
import type { optionalReason } from '../../contracts/batches.js';
import { mayMove } from '../../domain/batch/states.js';
import { type Sha256, toHex } from '../../domain/hashing.js';
import { type ItemTransition, transitionLeaf } from '../../domain/item/transitions.js';
import { appendLeaves, EMPTY_FRONTIER, frontierRoot } from '../../domain/merkle-frontier.js';
import type { Result } from '../../domain/result.js';
import { endEarly, reasonHash } from '../batch-state/end-early.js';
import { finishIfDone } from '../batch-state/finish.js';
import { type HaltedBatch, readHaltedBatch } from '../batch-state/read.js';
import { refuseAbsent, refuseState } from '../batch-state/refuse.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { voidCancelled } from '../ledger/release-hold.js';
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
      if (mayMove('cancel', control.state)) await endEarly(ctx, stores, control, { verb: 'cancel', reason });
      else if (control.state === 'executing') await cancelPending(ctx, stores, control, reason);
      else return refuseState(stores, 'cancel', control.batchId, control.state);
      return answer(await readHaltedBatch(ctx, stores, control.batchId));
    },
    { timeoutMs: TIMEOUT_MS },
  );

/** In the lock order of R8: control (the caller holds it) → items → hold → accounts → counters → audit. */
const cancelPending = async (ctx: Context, stores: Stores, control: ControlRow, reason: string | null): Promise<void> => {
  const id = control.batchId;
  const eventId = stores.audit.newId();
  if (control.cancellingAt === null) {
    const change = { cancellingAt: stores.now, ...(reason === null ? {} : { reason }) };
    await stores.batches.moveLocked(id, control.rowVersion, change);
  }
  const { ordinals, amount } = await stores.items.cancelPending(id, eventId);
  // Before hold and accounts: all other payments of the workspace post to these, and would wait while a million leaves are hashed.
  const root = await cancellationsRoot(ctx.services.sha256, ordinals);
  if (ordinals.length > 0) await voidCancelled(stores, id, eventId, amount);
  const counter = await stores.batches.addToCounter(id, { open: -ordinals.length, cancelled: ordinals.length });
  await stores.outbox.add({ batchId: id, message: 'batch_changed' });
  await stores.audit.append({
    id: eventId,
    subject: { type: 'batch', id },
    action: 'batch.cancel',
    result: 'ok',
    detail: {
      state: control.state,
      withdrawn: ordinals.length,
      withdrawn_amount: amount.toString(),
      transitions_root: toHex(root),
      open: counter.open,
      ...(reason === null ? {} : { reason_sha256: reasonHash(ctx, reason) }),
    },
  });
  // After a payment the batch ends `completed`, which only the worker may write. The message above makes the worker write it.
  if (counter.paid + counter.returned === 0) await finishIfDone(stores, id, counter);
};

/** Leaves that are in memory, and are hashed without a pause, at a time. */
const PAGE = 8_192;

/**
 * Root over the transitions of the cancelled items, in the order of `ordinals`: the audit event of the cancel commits to it. A
 * million leaves take seconds to hash, so other requests run between pages.
 */
export const cancellationsRoot = async (sha256: Sha256, ordinals: readonly number[]): Promise<Uint8Array> => {
  let edge = EMPTY_FRONTIER;
  for (let from = 0; from < ordinals.length; from += PAGE) {
    const leaves = ordinals.slice(from, from + PAGE).map((ordinal) => transitionLeaf(sha256, cancellation(ordinal)));
    edge = appendLeaves(sha256, edge, leaves);
    await new Promise((done) => setImmediate(done));
  }
  return frontierRoot(sha256, edge);
};

/** The only transition that a cancel ever makes of an item, as `item_transition` stores it. */
export const cancellation = (ordinal: number): ItemTransition => ({
  ordinal,
  version: 1,
  from: 'pending',
  to: 'cancelled',
  rank: 0,
  source: 'person',
  inboundId: null,
  providerReference: null,
  reason: null,
});
