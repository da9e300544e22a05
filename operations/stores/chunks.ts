import type { ItemRow } from './items.js';

/** What the worker does to the items of a batch: any number of them in one statement each (R1–R8). */
export interface ChunkStore {
  /**
   * Locks for sending: the workspace and the batch with others that send, the chunk alone. A decision about batch or workspace waits
   * for this transaction, and whoever wants to send later waits for the decision (R1).
   */
  lockToSend(batchId: string, chunk: number): Promise<void>;
  /** Locks the chunks whose items evidence moves, alone and in one order. */
  lockToSettle(batchId: string, chunks: readonly number[]): Promise<void>;
  /** Items of [from, to) with the destinations that they pay, by ordinal. Their states are those of their own rows. */
  items(batchId: string, from: number, to: number): Promise<ChunkItem[]>;
  /** The given items by ordinal, with the states of their own rows. Leaves out ordinals that do not exist. */
  evidenceItems(batchId: string, ordinals: readonly number[]): Promise<EvidenceItem[]>;
  /**
   * Moves items as the blocks say, one block an event (domain/item/transitions.ts), with transfers, hold and counters. Returns the sum
   * that suspense covered, minor units, and how many items of the batch are open then. Throws a retryable error when an item is not where its block says.
   */
  moveItems(batchId: string, blocks: readonly { eventId: string; body: string }[], lookUp: LookUpDelays): Promise<{ covered: bigint; open: number }>;
  /**
   * Ordinals of items that are due to be looked up at the rail, those that have waited longest first: their time has come, or the lease of
   * their dispatch has ended in silence.
   */
  dueForLookup(batchId: string, limit: number): Promise<number[]>;
  /** When the next item is due to be looked up, ms from now; null when none ever is. */
  nextLookupMs(batchId: string): Promise<number | null>;
  /** When to look the items up next, ms from now; null for never. */
  setLookup(batchId: string, ordinals: readonly number[], afterMs: number | null): Promise<void>;
  /** The lowest ordinal that no dispatch covers and that may still leave, or null. */
  firstToSend(batchId: string): Promise<number | null>;
}

/** When an item that has no final word yet is looked up, ms from now. */
export interface LookUpDelays {
  unknownMs: number;
  submittedMs: number;
}

export interface ChunkItem extends ItemRow {
  /** The payee is held or deleted. */
  payeeHeld: boolean;
  /** The destination, sealed. */
  sealed: Uint8Array;
  /** What is stored of the payee's key. Null when the payee was deleted: nothing can open the destination any more. */
  subjectKey: Uint8Array | null;
}

/** What evidence is reduced into. */
export const EVIDENCE_ITEM = ['ordinal', 'amount', 'state', 'rank', 'version', 'providerReference'] as const;
export type EvidenceItem = Pick<ItemRow, (typeof EVIDENCE_ITEM)[number]>;
