import type { ItemState } from '../../domain/item/states.js';
import { bigint, bytes, columns, int, membersOf, nullable, oneOf, type Row, text, uuid } from './columns.js';

const NEW_ITEM = {
  /** Place in the batch, from 0 without gaps. */
  ordinal: int('ordinal'),
  payeeId: uuid('payee_id'),
  destinationId: uuid('destination_id'),
  reference: text('reference'),
  remittance: text('remittance'),
  /** Minor units; a safe integer by a check of the table. */
  amount: bigint('amount'),
  /** What the gates sign of the item: a leaf of the batch's tree (R3). */
  leaf: bytes('leaf'),
} as const;
export type NewItem = Row<typeof NEW_ITEM>;
export const NEW_ITEM_MEMBERS = membersOf(NEW_ITEM);

export const ITEM = columns({
  ...NEW_ITEM,
  state: oneOf<ItemState>()('state'),
  /** Of the evidence that the state follows from (R5). */
  rank: int('rank'),
  /** How many transitions the item has made. */
  version: int('version'),
  /** Number of the newest dispatch that covers it; 0 before the first. */
  attempt: int('attempt'),
  providerReference: nullable(text('provider_reference')),
  reason: nullable(text('reason')),
});
export type ItemRow = Row<typeof ITEM>;

/** What left a batch. `amount` in minor units; `body` is the block of transitions. */
export interface Withdrawn {
  count: number;
  amount: bigint;
  body: string;
}

export interface ItemStore {
  /** Any number of items, in statements of at most 5,000 rows. */
  insert(batchId: string, items: readonly NewItem[]): Promise<void>;
  /** By ordinal. */
  list(
    batchId: string,
    page: { limit: number; afterOrdinal?: number | undefined; state?: ItemState | undefined },
  ): Promise<{ rows: ItemRow[]; hasMore: boolean }>;
  /** Items of [from, to) by ordinal. */
  range(batchId: string, from: number, to: number): Promise<ItemRow[]>;
  /** Items by their ordinals, in no order. */
  at(batchId: string, ordinals: readonly number[]): Promise<ItemRow[]>;
  /** The largest amounts among pending items, largest first. */
  largest(batchId: string, count: number): Promise<ItemRow[]>;
  /**
   * Withdraws items that no dispatch covers, with their block of transitions: all of an executing batch, whose money is given back, or the
   * given ones of a batch that does not execute yet, each with its tombstone leaf. Null when nothing was left to withdraw.
   */
  withdraw(batchId: string, eventId: string, which: 'all' | readonly Pick<NewItem, 'ordinal' | 'leaf'>[]): Promise<Withdrawn | null>;
  /** Count and sum (minor units) of the items that are stored, and the lowest free ordinal. */
  totals(batchId: string): Promise<{ count: number; total: bigint; nextOrdinal: number }>;
  /** Up to `limit` ordinals of items that repeat payee, amount and reference of an earlier item of the batch. */
  duplicates(batchId: string, limit: number): Promise<number[]>;
  /** Of payees whom the batch pays by more than one version of their destination: the first item of each version but the first, by ordinal. */
  otherDestinations(batchId: string, limit: number): Promise<number[]>;
}
