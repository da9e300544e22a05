import type { EvidenceOutcome } from '../../domain/item/evidence.js';
import type { ItemState } from '../../domain/item/states.js';
import type { ItemRow } from './items.js';
import type { TransitionSource } from './transitions.js';

/** The worker's set-based statements: one chunk, one statement each (R1–R8). */
export interface ChunkStore {
  /** Items of [from, to) with the destinations they pay, locked FOR UPDATE by ordinal. */
  lockItems(batchId: string, from: number, to: number): Promise<ChunkItem[]>;
  /** The given items, locked FOR UPDATE by ordinal; ordinals that do not exist are missing from the answer. */
  lockOrdinals(batchId: string, ordinals: readonly number[]): Promise<EvidenceItem[]>;
  /**
   * Moves items of one chunk, ordered by ordinal, and writes their transitions in one statement. Items whose version differs
   * from `version` are left alone: somebody else reduced them first. Answers how many moved.
   */
  moveItems(batchId: string, eventId: string, source: TransitionSource, moves: readonly ItemMove[]): Promise<number>;
  /** Posts what the moves owe, item by item, in one statement; covers a shortfall from suspense (R16). */
  postMoves(
    batchId: string,
    eventId: string,
    currency: string,
    fundingAccountId: string,
    postings: readonly MovePosting[],
  ): Promise<{ covered: bigint }>;
  /** Ordinals whose evidence is due to be asked for: unknown, or submitted for longer than the rail takes. */
  dueForLookup(batchId: string, limit: number): Promise<number[]>;
  /** When the next of them is due, ms from now; null when nothing will ever be asked. */
  nextLookupMs(batchId: string): Promise<number | null>;
  /** A re-send: the items keep their state and get the attempt's number. */
  markAttempt(batchId: string, ordinals: readonly number[], attempt: number, lookUpAfterMs: number): Promise<void>;
  setLookup(batchId: string, ordinals: readonly number[], afterMs: number | null): Promise<void>;
  /** Lowest ordinal of a state in the batch, or null. */
  firstOf(batchId: string, state: ItemState): Promise<number | null>;
}

export interface ChunkItem extends ItemRow {
  payeeHeld: boolean;
  sealed: Uint8Array;
  /** Wrapped. Null when the payee was deleted: its key is gone, and the item can't be sent. */
  subjectKey: Uint8Array | null;
}

/** What the fold of evidence has to know of an item. */
export type EvidenceItem = Pick<ItemRow, 'ordinal' | 'amount' | 'state' | 'rank' | 'version' | 'attempt'>;

export interface ItemMove {
  ordinal: number;
  /** Version the decision was made on. */
  version: number;
  from: ItemState;
  to: EvidenceOutcome | 'submitting' | 'blocked' | 'cancelled';
  rank: number;
  attempt: number;
  providerReference: string | null;
  reason: string | null;
  inboundId: string | null;
  /** When to ask for evidence next, ms from now; null for never. */
  lookUpAfterMs: number | null;
}

export interface MovePosting {
  ordinal: number;
  itemVersion: number;
  amount: bigint;
  from: ItemState;
  to: ItemState;
}
