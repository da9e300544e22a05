/** Answers of idempotent requests (the design's Idempotency decision). */
export interface IdempotencyKeyStore {
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
  store(key: IdempotencyClaim, lease: Date, answer: IdempotentAnswer): Promise<boolean>;
  /** Forgets a claim whose answer is not kept (401, 429, 5xx, wrong code), if the lease is still ours. */
  forget(key: IdempotencyClaim, lease: Date): Promise<void>;
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
