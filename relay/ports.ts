import type { Context } from '../operations/context.js';

export interface OutboxMessage {
  tenantId: string;
  id: string;
  batchId: string;
  message: string;
  gateId: string | null;
  /** Of the request that the message tells of. */
  requestId: string | null;
  /** This delivery included. */
  attempts: number;
}

/** The relay's own store: outbox rows, and which batches want driving (R14, R18). */
export interface RelayStore {
  claim(most: number, leaseMs: number): Promise<OutboxMessage[]>;
  delivered(tenantId: string, id: string): Promise<void>;
  undelivered(tenantId: string, id: string, problem: string, againMs: number, fate: 'again' | 'dead'): Promise<void>;
  toDrive(batchIds?: readonly string[]): Promise<{ tenantId: string; batchId: string }[]>;
  /** Makes the partitions of the coming months that are missing; answers how many still are (R22). */
  addMonths(): Promise<number>;
  /** Forgets up to `most` idempotency keys that are past their time; answers how many. */
  pruneKeys(most: number): Promise<number>;
}

/** What a signal says: ids, which grant nothing. */
export type Word = Pick<OutboxMessage, 'gateId' | 'requestId'>;

/** How to reach a batch's workflow. */
export interface BatchWorkflows {
  /** Starts the workflow when none runs, and signals it (R13). */
  wake(place: { tenantId: string; batchId: string }, word: Word): Promise<void>;
  /** Signals the run there is; none is fine. For batches that have ended. */
  tell(batchId: string, word: Word): Promise<void>;
  /** Batches (UUIDs) that have a running workflow, as far as visibility knows. */
  running(): Promise<Set<string>>;
}

/** Contexts of the worker process, for reducing evidence. */
export type ContextOf = (tenantId: string, requestId: string) => Promise<Context>;
