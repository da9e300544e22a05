import type { Context } from '../operations/context.js';

export interface OutboxMessage {
  tenantId: string;
  id: string;
  batchId: string;
  message: string;
  gateId: string | null;
  /** Id of the request that caused the message. */
  requestId: string | null;
  /** Deliveries so far, this one included. */
  attempts: number;
}

/** The relay's own store: outbox rows, and which batches have to be driven (R14, R18). */
export interface RelayStore {
  claim(most: number, leaseMs: number): Promise<OutboxMessage[]>;
  delivered(tenantId: string, id: string): Promise<void>;
  undelivered(tenantId: string, id: string, problem: string, againMs: number, fate: 'again' | 'dead'): Promise<void>;
  toDrive(batchIds?: readonly string[]): Promise<{ tenantId: string; batchId: string }[]>;
  /** Makes missing partitions of coming months and returns how many are still missing (R22). */
  addMonths(): Promise<number>;
  /** Deletes up to `most` idempotency keys that are past their time and returns how many. */
  pruneKeys(most: number): Promise<number>;
}

/** What a signal says: ids, which grant nothing. */
export type Word = Pick<OutboxMessage, 'gateId' | 'requestId'>;

/** How to reach a batch's workflow. */
export interface BatchWorkflows {
  /** Starts the workflow when none runs, and signals it (R13). */
  wake(place: { tenantId: string; batchId: string }, word: Word): Promise<void>;
  /** Signals the run if there is one; for batches that have ended. */
  tell(batchId: string, word: Word): Promise<void>;
  /** Batches (UUIDs) that have a running workflow, as far as Temporal's visibility store knows. */
  running(): Promise<Set<string>>;
}

/** Contexts of the worker process, for reducing evidence. */
export type ContextOf = (tenantId: string, requestId: string) => Promise<Context>;
