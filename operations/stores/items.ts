import type { ItemState } from '../../domain/item/states.js';

export interface NewItem {
  ordinal: number;
  payeeId: string;
  destinationId: string;
  reference: string;
  remittance: string;
  amount: bigint;
  leaf: Uint8Array;
}

export interface ItemRow extends NewItem {
  state: ItemState;
  rank: number;
  version: number;
  attempt: number;
  providerReference: string | null;
  reason: string | null;
}

export interface ItemStore {
  /** Set-based, any number in statements of at most 5,000 rows. */
  insert(batchId: string, items: readonly NewItem[]): Promise<void>;
  list(
    batchId: string,
    page: { limit: number; afterOrdinal?: number | undefined; state?: ItemState | undefined },
  ): Promise<{ rows: ItemRow[]; hasMore: boolean }>;
  get(batchId: string, ordinal: number): Promise<ItemRow | null>;
  /** Items of [from, to) by ordinal. */
  range(batchId: string, from: number, to: number): Promise<ItemRow[]>;
  /** The largest amounts that would be paid. */
  largest(batchId: string, count: number): Promise<ItemRow[]>;
  /** How many of the batch's payees were never paid before. */
  newPayees(batchId: string): Promise<number>;
  /** pending → excluded, with the tombstone leaves; returns the ordinals that moved and their amounts. */
  exclude(
    batchId: string,
    tombstones: readonly { ordinal: number; leaf: Uint8Array }[],
    eventId: string,
  ): Promise<{ ordinal: number; amount: bigint }[]>;
  /** All pending → cancelled, with their transitions; returns who moved, in order, and their sum. */
  cancelPending(batchId: string, eventId: string): Promise<{ ordinals: number[]; amount: bigint }>;
  /** Items by state, counted from the rows themselves (exact, slow). */
  countByState(batchId: string): Promise<Partial<Record<ItemState, number>>>;
  /** Count, sum in minor units and lowest free ordinal of what is stored. */
  totals(batchId: string): Promise<{ count: number; total: bigint; nextOrdinal: number }>;
  /** Repeats of (payee, amount, reference) within the batch: up to `most` ordinals of the second and later ones. */
  duplicates(batchId: string, most: number): Promise<number[]>;
}
