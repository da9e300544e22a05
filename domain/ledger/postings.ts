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

/**
 * What a decision about a whole amount posts: one transfer. A release gives back the hold of a batch that has not begun
 * to execute, a void gives back what a cancel stops in a batch that executes.
 */
export const DECISION_POSTING = {
  top_up: { kind: 'top_up', debit: 'external', credit: 'funding' },
  hold: { kind: 'hold', debit: 'funding', credit: 'held' },
  release: { kind: 'release', debit: 'held', credit: 'funding' },
  void: { kind: 'void', debit: 'held', credit: 'funding' },
} as const satisfies Readonly<Record<string, Posting>>;
export type Decision = keyof typeof DECISION_POSTING;

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

/** What a transition of an executing item posts, or null when its money stays where it is. */
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

/** One transfer of an event, before accounts of the workspace stand for the kinds. */
export interface Entry extends Posting {
  /** Of the item, and its version after the transition; null for money of no single item. */
  ordinal: number | null;
  itemVersion: number | null;
  /** Minor units, above 0. */
  amount: bigint;
}

/** A transition of an executing item, as far as its money is concerned. */
export interface PricedTransition {
  ordinal: number;
  /** Version of the item before the transition. */
  version: number;
  from: ItemState;
  to: ItemState;
  /** Minor units. */
  amount: bigint;
}

/** What transitions post: one entry for each that moves money, in their order. */
export const transitionEntries = (transitions: readonly PricedTransition[]): Entry[] => {
  const entries: Entry[] = [];
  for (const { ordinal, version, from, to, amount } of transitions) {
    const posting = postingFor(from, to);
    if (posting) entries.push({ kind: posting.kind, debit: posting.debit, credit: posting.credit, ordinal, itemVersion: version + 1, amount });
  }
  return entries;
};

/** Credits − debits of each kind of account that the entries name, minor units. The sum over all kinds is 0. */
export const netByKind = (entries: readonly Pick<Entry, 'debit' | 'credit' | 'amount'>[]): Map<AccountKind, bigint> => {
  const net = new Map<AccountKind, bigint>();
  for (const { debit, credit, amount } of entries) {
    net.set(debit, (net.get(debit) ?? 0n) - amount);
    net.set(credit, (net.get(credit) ?? 0n) + amount);
  }
  return net;
};

/** Accounts that may lack the money for a reversal, because people may have spent it since the payment: suspense covers these. */
const COVERED: readonly AccountKind[] = ['funding', 'returns'];

/** Whether a balance decides what is posted: then the accounts have to be locked before they are read. */
export const mayNeedCover = (net: ReadonlyMap<AccountKind, bigint>): boolean => COVERED.some((kind) => net.has(kind));

/**
 * Evidence always posts (R16). Where a covered account would end below 0, one entry from suspense brings it to 0.
 * `balances` are those before the event, minor units, one for each kind in `net` that is covered.
 */
export const coverEntries = (net: ReadonlyMap<AccountKind, bigint>, balances: ReadonlyMap<AccountKind, bigint>): Entry[] =>
  COVERED.flatMap((kind): Entry[] => {
    const after = (balances.get(kind) ?? 0n) + (net.get(kind) ?? 0n);
    if (!net.has(kind) || after >= 0n) return [];
    return [{ kind: 'cover', debit: 'suspense', credit: kind, ordinal: null, itemVersion: null, amount: -after }];
  });
