import type { EvidenceOutcome } from '../../domain/item/evidence.js';
import type { ItemState } from '../../domain/item/states.js';
import type { ItemRow } from './items.js';
import type { TransitionSource } from './transitions.js';

/** What the worker does to the items of a batch: any number of them in one statement each (R1–R8). */
export interface ChunkStore {
  /** Items of [from, to) with the destinations that they pay, by ordinal. Locks the items FOR NO KEY UPDATE. */
  lockItems(batchId: string, from: number, to: number): Promise<ChunkItem[]>;
  /** The given items by ordinal, locked FOR NO KEY UPDATE in that order (R8). Leaves out ordinals that do not exist. */
  lockOrdinals(batchId: string, ordinals: readonly number[]): Promise<EvidenceItem[]>;
  /**
   * Moves items of one chunk, ordered by ordinal, and writes their transitions. Skips an item whose version or state is another
   * than its move says, because another transaction moved it first. Returns how many items moved.
   */
  moveItems(batchId: string, eventId: string, source: TransitionSource, moves: readonly ItemMove[]): Promise<number>;
  /** Ordinals of items that are due to be looked up at the rail. */
  dueForLookup(batchId: string, limit: number): Promise<number[]>;
  /** When the next item is due to be looked up, ms from now; null when none ever is. */
  nextLookupMs(batchId: string): Promise<number | null>;
  /** Gives the items the number of a re-send, and a time for their next look-up. Their state stays. */
  markAttempt(batchId: string, ordinals: readonly number[], attempt: number, lookUpAfterMs: number): Promise<void>;
  /** When to look the items up next, ms from now; null for never. */
  setLookup(batchId: string, ordinals: readonly number[], afterMs: number | null): Promise<void>;
  /** Lowest ordinal of a state in the batch, or null. */
  firstOf(batchId: string, state: ItemState): Promise<number | null>;
}

export interface ChunkItem extends ItemRow {
  /** The payee is held or deleted. */
  payeeHeld: boolean;
  /** The destination, sealed. */
  sealed: Uint8Array;
  /** The payee's key, wrapped. Null when the payee was deleted: nothing can open the destination any more. */
  subjectKey: Uint8Array | null;
}

/** What evidence is reduced into. */
export const EVIDENCE_ITEM = ['ordinal', 'amount', 'state', 'rank', 'version', 'attempt'] as const;
export type EvidenceItem = Pick<ItemRow, (typeof EVIDENCE_ITEM)[number]>;

export interface ItemMove {
  ordinal: number;
  /** Version of the item that the decision was made on. */
  version: number;
  from: ItemState;
  to: EvidenceOutcome | 'submitting' | 'blocked' | 'cancelled';
  rank: number;
  attempt: number;
  providerReference: string | null;
  reason: string | null;
  inboundId: string | null;
  /** When to look the item up next, ms from now; null for never. */
  lookUpAfterMs: number | null;
}
