import type { Stores } from '../ports.js';
import type { BatchRow } from '../stores/batches.js';
import { lockAccounts, postDecision } from './post.js';

/** Accounts that settling a batch posts to. They are made here, because the worker may not make any. */
const SETTLEMENT_ACCOUNTS = ['paid_out', 'returns', 'suspense'] as const;

/**
 * Locks the accounts of a hold and answers what the funding account has, and what it lacks for `amount` (0n when nothing), both in
 * minor units. That stays true until the transaction ends, so nothing is consumed before it is known (R16).
 */
export const lockFunds = async (stores: Stores, batch: BatchRow, amount: bigint): Promise<{ available: bigint; shortfall: bigint }> => {
  const { debit } = await lockAccounts(stores, 'hold', batch);
  return { available: debit.balance, shortfall: amount > debit.balance ? amount - debit.balance : 0n };
};

/** Moves funding → held and writes the hold. The database refuses an overdraft, so `lockFunds` comes first. */
export const placeHold = async (
  stores: Stores,
  batch: BatchRow,
  { id, contentVersion, amount, eventId }: { id: string; contentVersion: number; amount: bigint; eventId: string },
): Promise<void> => {
  const { id: batchId, currency, fundingAccountId } = batch;
  for (const kind of SETTLEMENT_ACCOUNTS) await stores.accounts.ensure(kind, currency);
  await stores.holds.insert({ id, batchId, contentVersion, accountId: fundingAccountId, currency, amount });
  await postDecision(stores, 'hold', { currency, fundingAccountId, batchId, eventId, amount });
};
