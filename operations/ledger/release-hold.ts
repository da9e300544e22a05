import type { Stores } from '../ports.js';
import type { BatchRow } from '../stores/batches.js';
import { postDecision } from './post.js';

/**
 * Gives all of a batch's live hold back to its funding account; without a hold it does nothing. Only for a batch that
 * has not begun to execute. `eventId` names the audit event, which is written later in the same transaction. Returns
 * what was given back, minor units.
 */
export const releaseHold = async (
  stores: Stores,
  { id: batchId, currency, fundingAccountId }: Pick<BatchRow, 'id' | 'currency' | 'fundingAccountId'>,
  eventId: string,
): Promise<bigint> => {
  const hold = await stores.holds.lockLive(batchId);
  if (!hold) return 0n;
  await stores.holds.reduce(hold.id, hold.remaining);
  await postDecision(stores, 'release', { currency, fundingAccountId, batchId, eventId, amount: hold.remaining });
  return hold.remaining;
};

/**
 * Gives back `amount` minor units of the hold of a batch that executes, for the items that a cancel stops: one transfer
 * for all of them, since no evidence will ever move a cancelled item (ADR 0022).
 */
export const voidCancelled = async (stores: Stores, batchId: string, eventId: string, amount: bigint): Promise<void> => {
  const batch = await stores.batches.get(batchId);
  const hold = await stores.holds.lockLive(batchId);
  if (!batch || !hold) throw new Error(`batch ${batchId} executes with pending items, but nothing is held for them`);
  await stores.holds.reduce(hold.id, amount);
  await postDecision(stores, 'void', { currency: batch.currency, fundingAccountId: batch.fundingAccountId, batchId, eventId, amount });
};
