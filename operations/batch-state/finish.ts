import { BATCH_TRANSITIONS, endOf } from '../../domain/batch/states.js';
import type { Context } from '../context.js';
import { closeException } from '../exception/raise.js';
import type { Stores } from '../ports.js';
import type { ControlRow } from '../stores/batches.js';

const ACTIONS = { complete: 'batch.complete', fail: 'batch.fail', finish_cancelled: 'batch.cancel' } as const;

/**
 * Begins to end an executing batch once no item is open (R8): gives back what it still holds, which is the part of the fee maximum that was
 * not used. Returns what writes the end, null when the batch does not end. The two are apart because money and exceptions are
 * locked before any audit event is written. The caller has locked the batch, so exactly one ends it.
 */
export const beginEnd = async (stores: Stores, control: ControlRow | null): Promise<(() => Promise<void>) | null> => {
  if (control?.state !== 'executing') return null;
  const { batchId } = control;
  const counter = await stores.batches.counter(batchId);
  if (counter.open > 0) return null;
  // A blocked item was not sent, as a cancelled one was not.
  const { verb, outcome } = endOf({ ...counter, cancelled: counter.cancelled + counter.blocked }, control.cancellingAt !== null);
  if (!(verb in ACTIONS)) throw new Error(`a batch does not end by ${verb}`);
  const eventId = stores.audit.newId();
  const released = await stores.holds.release(batchId, eventId);
  // What the provider did not answer was found by lookups: nothing is left to send that could end this.
  const told = await closeException(stores, 'provider_unavailable', batchId);
  return async () => {
    await stores.batches.moveLocked(batchId, control.rowVersion, { state: BATCH_TRANSITIONS[verb].to, outcome });
    await stores.outbox.add({ batchId, message: 'batch_changed' });
    await told();
    await stores.audit.append({
      id: eventId,
      subject: { type: 'batch', id: batchId },
      action: ACTIONS[verb as keyof typeof ACTIONS],
      result: 'ok',
      detail: {
        outcome,
        paid: counter.paid,
        paid_amount: counter.paidAmount.toString(),
        failed: counter.failed,
        returned: counter.returned,
        cancelled: counter.cancelled,
        blocked: counter.blocked,
        excluded: counter.excluded,
        ...(released === 0n ? {} : { released: released.toString() }),
      },
    });
  };
};

/**
 * Ends a batch in a transaction of its own, because a decision locks the batch first, before any item. It runs after the transaction that
 * brought `open` to 0, which leaves a message: a run that the message wakes ends the batch if this process dies in between.
 */
export const finishPayoutBatch = (ctx: Context, batchId: string): Promise<boolean> =>
  ctx.inTenant(async (stores) => {
    const end = await beginEnd(stores, await stores.batches.lock(batchId));
    await end?.();
    return end !== null;
  });
