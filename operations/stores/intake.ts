import type { Json } from '../../domain/canonical-json.js';
import type { EvidenceOutcome } from '../../domain/item/evidence.js';

/** Answers of idempotent requests (the design's Idempotency decision). */
export interface IdempotencyStore {
  /**
   * Claims the key for this request. `fresh`: go on, until the lease ends. `replay`: the stored answer. `secret`:
   * done, but its answer was not kept. `other_input`: 422. `in_flight`: another request holds a live lease. A
   * lease that has ended without an answer is taken over.
   */
  claim(key: IdempotencyClaim, inputHash: Uint8Array, leaseMs: number): Promise<ClaimOutcome>;
  /**
   * Keeps the answer, or only the subject's id where the answer holds a secret. False when the lease is no longer
   * ours: somebody took the key over, so what this transaction did must not commit.
   */
  settle(key: IdempotencyClaim, lease: Date, answer: IdempotentAnswer): Promise<boolean>;
  /** Forgets a claim whose answer is not kept (401, 429, 5xx, wrong code), if the lease is still ours. */
  release(key: IdempotencyClaim, lease: Date): Promise<void>;
}

export interface IdempotencyClaim {
  principal: string;
  route: string;
  key: string;
}

export interface IdempotentAnswer {
  status: number;
  /** Sealed; null where the answer holds a secret. */
  sealed: Uint8Array | null;
  subject: string | null;
}

export type ClaimOutcome =
  | { kind: 'fresh'; lease: Date }
  | { kind: 'replay'; status: number; sealed: Uint8Array }
  | { kind: 'secret'; subject: string | null }
  | { kind: 'other_input' }
  | { kind: 'in_flight'; retryAfterMs: number };

/** Messages to the batch's workflow, committed with the change that they tell of (R13). */
export interface OutboxStore {
  /** `gate_opened` carries the gate's id; `batch_changed` only wakes. Both start the workflow when none runs. */
  add(message: { batchId: string; message: 'gate_opened'; gateId: string } | { batchId: string; message: 'batch_changed' }): Promise<void>;
}

export interface InboundRow {
  id: string;
  connectionId: string;
  providerEventId: string;
  sealedBody: Uint8Array;
  attempts: number;
}

export interface InboundStore {
  /** False when this provider event was stored before. */
  insert(row: Omit<InboundRow, 'attempts'>): Promise<boolean>;
  /** Due deliveries, oldest first, leased: nobody else gets them for `leaseMs`. */
  claimDue(limit: number, leaseMs: number): Promise<InboundRow[]>;
  markReduced(ids: readonly string[]): Promise<void>;
  markFailed(id: string, problem: string, nextMs: number): Promise<void>;
  /** Makes deliveries due again; returns how many. */
  replay(filter: { connectionId: string; since?: Date | undefined; id?: string | undefined }): Promise<number>;
}

export interface ExceptionStore {
  raise(row: { kind: string; batchId?: string | undefined; ordinal?: number | undefined; detail: { [key: string]: Json } }): Promise<void>;
  openOf(batchId: string): Promise<{ id: string; kind: string; ordinal: number | null; detail: Json; createdAt: Date }[]>;
}

export interface ParkedRow {
  id: string;
  connectionId: string;
  paymentKey: string;
  outcome: EvidenceOutcome;
  rank: number;
  amount: bigint | null;
  currency: string | null;
  providerReference: string | null;
  reason: string;
  inboundId: string | null;
}

export interface ParkedStore {
  /** Keeps what is not kept already, unresolved. Answers the ids of what is new. */
  park(rows: readonly ParkedRow[]): Promise<ReadonlySet<string>>;
  /** Unresolved ones that now name an item of this connection which was sent. */
  due(limit: number): Promise<ParkedRow[]>;
  resolve(ids: readonly string[]): Promise<void>;
}
