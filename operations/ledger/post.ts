import {
  type AccountKind,
  coverEntries,
  DECISION_POSTING,
  type Decision,
  mayNeedCover,
  netByKind,
  type PricedTransition,
  transitionEntries,
} from '../../domain/ledger/postings.js';
import type { Stores } from '../ports.js';
import type { AccountRow } from '../stores/accounts.js';
import type { BatchRow } from '../stores/batches.js';

/** Which accounts the kinds stand for: the given funding account, and the workspace's own account of every other kind. */
export interface Funds {
  currency: string;
  fundingAccountId: string;
}

/**
 * Locks the two accounts that a decision moves money between, in the order of their ids (R8). Their balances stay true
 * until the transaction ends, so the caller may decide by them.
 */
export const lockAccounts = async (stores: Stores, decision: Decision, funds: Funds): Promise<{ debit: AccountRow; credit: AccountRow }> => {
  const { debitAccountId, creditAccountId } = await accountsOf(stores, decision, funds);
  const locked = await stores.accounts.lock([debitAccountId, creditAccountId]);
  const debit = locked.find(({ id }) => id === debitAccountId);
  const credit = locked.find(({ id }) => id === creditAccountId);
  if (!debit || !credit) throw new Error(`an account that a ${decision} moves money between is absent`);
  return { debit, credit };
};

/**
 * Posts what a decision moves (R16): one transfer of `amount` minor units, above 0. The database refuses an overdraft.
 * The audit event `eventId` is written later in the same transaction.
 */
export const postDecision = async (
  stores: Stores,
  decision: Decision,
  { amount, batchId, eventId, ...funds }: Funds & { amount: bigint; batchId: string | null; eventId: string },
): Promise<void> => {
  const accounts = await accountsOf(stores, decision, funds);
  await stores.transfers.insert({ eventId, batchId, currency: funds.currency }, [
    { ...accounts, kind: DECISION_POSTING[decision].kind, amount, ordinal: null, itemVersion: null },
  ]);
};

const accountsOf = async (stores: Stores, decision: Decision, { currency, fundingAccountId }: Funds) => {
  const { debit, credit } = DECISION_POSTING[decision];
  const idOf = async (kind: AccountKind) => (kind === 'funding' ? fundingAccountId : (await stores.accounts.ensure(kind, currency)).id);
  return { debitAccountId: await idOf(debit), creditAccountId: await idOf(credit) };
};

/**
 * Posts what the transitions of one chunk owe, in one statement (R16). Evidence always posts: where an account lacks the
 * money, suspense covers the rest. Returns the sum that was covered, minor units.
 */
export const postTransitions = async (
  stores: Stores,
  batch: Pick<BatchRow, 'id' | 'currency' | 'fundingAccountId'>,
  eventId: string,
  transitions: readonly PricedTransition[],
): Promise<bigint> => {
  const entries = transitionEntries(transitions);
  if (entries.length === 0) return 0n;
  const net = netByKind(entries);
  const kinds: AccountKind[] = [...net.keys(), 'suspense'];
  const accounts = mayNeedCover(net) ? await stores.accounts.lockOfKinds(batch, kinds) : await stores.accounts.ofKinds(batch, kinds);
  const covers = coverEntries(net, new Map(accounts.map(({ kind, balance }) => [kind, balance])));

  const ids = new Map(accounts.map(({ kind, id }) => [kind, id]));
  const idOf = (kind: AccountKind): string => ids.get(kind) ?? missing(kind);
  const rows = [...entries, ...covers].map(({ debit, credit, kind, amount, ordinal, itemVersion }) => {
    return { debitAccountId: idOf(debit), creditAccountId: idOf(credit), kind, amount, ordinal, itemVersion };
  });
  await stores.transfers.insert({ eventId, batchId: batch.id, currency: batch.currency }, rows);
  return covers.reduce((sum, { amount }) => sum + amount, 0n);
};

const missing = (kind: AccountKind): never => {
  throw new Error(`the ledger has no ${kind} account of this currency`);
};
