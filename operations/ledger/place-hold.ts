import type { Stores } from '../ports.js';
import type { BatchRow } from '../stores/batches.js';

/** Accounts that settling a batch posts to. Made here, for the worker may not make any. */
const SETTLEMENT_ACCOUNTS = ['paid_out', 'returns', 'suspense'] as const;

/** What the funding account lacks for `amount` minor units, 0n when it is covered. */
export interface Cover {
  available: bigint;
  shortfall: bigint;
}

/**
 * Locks the accounts of a hold by id and says whether the money is there. It stays true until the transaction ends,
 * so the code is consumed only after this and nothing has to be undone (R16).
 */
export const coverFor = async (stores: Stores, batch: BatchRow, amount: bigint): Promise<Cover> => {
  const held = await stores.accounts.ensure('held', batch.currency);
  let available = 0n;
  for (const id of [held.id, batch.fundingAccountId].sort()) {
    const account = await stores.accounts.lock(id);
    if (id === batch.fundingAccountId) available = account?.balance ?? 0n;
  }
  return { available, shortfall: amount > available ? amount - available : 0n };
};

/** Moves funding → held and writes the hold. The database refuses an overdraft, so `coverFor` comes first. */
export const placeHold = async (
  stores: Stores,
  batch: BatchRow,
  hold: { id: string; transferId: string; contentVersion: number; amount: bigint; eventId: string },
): Promise<void> => {
  const held = await stores.accounts.ensure('held', batch.currency);
  for (const kind of SETTLEMENT_ACCOUNTS) await stores.accounts.ensure(kind, batch.currency);
  await stores.holds.insert({
    id: hold.id,
    batchId: batch.id,
    contentVersion: hold.contentVersion,
    accountId: batch.fundingAccountId,
    currency: batch.currency,
    amount: hold.amount,
  });
  await stores.transfers.post({
    id: hold.transferId,
    debitAccountId: batch.fundingAccountId,
    creditAccountId: held.id,
    amount: hold.amount,
    currency: batch.currency,
    kind: 'hold',
    batchId: batch.id,
    eventId: hold.eventId,
  });
};
