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

/** A batch and its workspace. */
export interface DrivenPlace {
  tenantId: string;
  batchId: string;
}

/** The relay's own store: outbox rows, and which batches have to be driven (R14, R18). */
export interface RelayStore {
  claim(most: number, leaseMs: number): Promise<OutboxMessage[]>;
  delivered(tenantId: string, id: string): Promise<void>;
  undelivered(tenantId: string, id: string, problem: string, againMs: number, fate: 'again' | 'dead'): Promise<void>;
  /** Batches that have not ended. */
  toDrive(): Promise<DrivenPlace[]>;
  /** Notes that these are about to be woken, and answers those of them that have not ended. */
  waking(places: readonly DrivenPlace[]): Promise<DrivenPlace[]>;
  /** Batches that were due or woken longer than `patienceMs` ago and that nothing has driven since. */
  stalled(patienceMs: number): Promise<DrivenPlace[]>;
  /** Makes missing partitions of coming months and returns how many are still missing (R22). */
  addMonths(): Promise<number>;
  /** Deletes up to `most` idempotency keys that are past their time and returns how many. */
  pruneKeys(most: number): Promise<number>;
  /** Deletes up to `most` nonces of signatures whose window is over and returns how many. */
  pruneNonces(most: number): Promise<number>;
  /** Deletes up to `most` links of letters, and as many invitations, that ended long ago, and returns how many. */
  pruneLinks(most: number): Promise<number>;
  /** Deletes up to `most` requests to sign in with a passkey that have expired and returns how many. */
  prunePasskeyRequests(most: number): Promise<number>;
  /** Deletes up to `most` payments that are too old to be repeated and returns how many (R22). */
  forgetPayments(most: number): Promise<number>;
  /** Deletes up to `most` counters of requests whose window is over and returns how many. */
  pruneCounters(most: number): Promise<number>;
}

/** A letter that waits. What it says and to whom is sealed. */
export interface WaitingLetter {
  id: string;
  template: string;
  sealed: Uint8Array;
  /** Id of the request that caused the letter. */
  requestId: string;
  /** Attempts so far, this one included. */
  attempts: number;
  createdAt: Date;
  /** It is not worth sending any more, by the database's clock. */
  expired: boolean;
}

/** The letters that wait to be sent. */
export interface MailQueue {
  claim(most: number, leaseMs: number): Promise<WaitingLetter[]>;
  sent(id: string): Promise<void>;
  /** Does nothing when another process has claimed the letter since. `dead` erases what it says. */
  notSent(letter: Pick<WaitingLetter, 'id' | 'attempts'>, problem: string, againMs: number, fate: 'again' | 'dead'): Promise<void>;
  /** Deletes up to `most` letters that were given up long ago and returns how many. */
  forget(most: number): Promise<number>;
}

/** What a signal says: ids, which grant nothing. */
export type Word = Pick<OutboxMessage, 'gateId' | 'requestId'>;

/** How to reach a batch's workflow. */
export interface BatchWorkflows {
  /** Starts the workflow when none runs, and signals it (R13). */
  wake(place: DrivenPlace, word: Word): Promise<void>;
  /** Signals the run if there is one; for batches that have ended. */
  tell(batchId: string, word: Word): Promise<void>;
  /** Batches (UUIDs) that have a running workflow, as far as Temporal's visibility store knows. */
  running(): Promise<Set<string>>;
  /** What has the batch's workflow id now, by what Temporal itself says of it. */
  look(batchId: string): Promise<FoundRun>;
  /** Terminates this run. Does nothing when it has ended already. */
  end(batchId: string, runId: string, why: string): Promise<void>;
}

/**
 * What was found under a batch's workflow id. `foreign`: another workflow, or ours on a queue that no worker serves. `at_work`: an
 * activity of it runs, or waits for a worker for the first time. `quiet`: a run of ours that may sleep, or may be broken.
 */
export type FoundRun = { kind: 'absent' } | { kind: 'foreign' | 'at_work' | 'quiet'; runId: string };

/** Contexts of the worker process, for reducing evidence. */
export type ContextOf = (tenantId: string, requestId: string) => Promise<Context>;
