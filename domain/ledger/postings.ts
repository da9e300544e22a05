import type { ItemState } from '../item/states.js';

/** Accounts of a workspace and currency that a batch moves money between (R16). */
export const ACCOUNT_KINDS = ['external', 'funding', 'held', 'in_transit', 'paid_out', 'returns', 'fees', 'suspense'] as const;
export type AccountKind = (typeof ACCOUNT_KINDS)[number];

export const TRANSFER_KINDS = ['top_up', 'hold', 'release', 'settlement', 'void', 'return', 'reversal', 'cover'] as const;
export type TransferKind = (typeof TRANSFER_KINDS)[number];

/** A transfer's kind and the accounts that it moves money between. The money leaves the debited account. */
export interface Posting {
  kind: TransferKind;
  debit: AccountKind;
  credit: AccountKind;
}

/** Where the money of an executing item lies. Each state has one place, so a transition posts one difference (ADR 0003). */
const MONEY_LIES_IN: Readonly<Record<ItemState, AccountKind>> = {
  pending: 'held',
  submitting: 'held',
  unknown: 'held',
  submitted: 'held',
  paid: 'paid_out',
  returned: 'returns',
  failed: 'funding',
  cancelled: 'funding',
  excluded: 'funding',
  blocked: 'funding',
};

/** What a transition of an executing item posts, or null when its money stays where it is. The database posts by its table `item_edge`, which says the same. */
export const postingFor = (from: ItemState, to: ItemState): Posting | null => {
  const debit = MONEY_LIES_IN[from];
  const credit = MONEY_LIES_IN[to];
  if (debit === credit) return null;
  return { kind: kindOf(debit, credit), debit, credit };
};

const kindOf = (debit: AccountKind, credit: AccountKind): TransferKind => {
  if (credit === 'returns') return 'return';
  if (debit === 'held') return credit === 'paid_out' ? 'settlement' : 'void';
  return 'reversal';
};
