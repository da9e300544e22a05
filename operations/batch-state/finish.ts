import { BATCH_TRANSITIONS, endOf } from '../../domain/batch/states.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { CounterRow } from '../stores/batches.js';

const ACTIONS = { complete: 'batch.complete', fail: 'batch.fail', finish_cancelled: 'batch.cancel' } as const;

/**
 * Ends an executing batch once no item is open (R8). The transaction that brought `open` to 0 calls it last; the compare-and-set
 * lets exactly one caller through. Answers whether this call ended the batch.
 */
export const finishIfDone = async (stores: Stores, batchId: string, counter: CounterRow): Promise<boolean> => {
  if (counter.open > 0) return false;
  const control = await stores.batches.lock(batchId);
  if (control?.state !== 'executing') return false;
  // A blocked item was not sent, as a cancelled one was not.
  const { verb, outcome } = endOf({ ...counter, cancelled: counter.cancelled + counter.blocked }, control.cancellingAt !== null);
  if (!(verb in ACTIONS)) throw new Error(`a batch does not end by ${verb}`);
  await stores.batches.moveLocked(batchId, control.rowVersion, { state: BATCH_TRANSITIONS[verb].to, outcome });
  if ((await stores.holds.ofBatch(batchId)).some((hold) => hold.resolvedAt === null))
    throw new Error(`batch ${batchId} has nothing open, but a hold is left`);
  await stores.outbox.add({ batchId, message: 'batch_changed' });
  await stores.audit.append({
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
    },
  });
  return true;
};

/** Ends a batch in a transaction of its own: its last open items were cancelled or blocked, so no settlement ends it. */
export const finishPayoutBatch = (ctx: Context, batchId: string): Promise<boolean> =>
  ctx.inTenant(async (stores) => finishIfDone(stores, batchId, await stores.batches.counter(batchId)));
