import { bytes, columns, int, nullable, type Row, text } from './columns.js';

export const IDEMPOTENCY_KEY = columns({
  principal: text('principal'),
  route: text('route'),
  key: text('key'),
  /** Null while the request is at work. */
  status: nullable(int('status')),
  /** The answer, encrypted; null where it holds a secret. */
  sealed: nullable(bytes('answer')),
  /** The id of what the request made. */
  subject: nullable(text('subject')),
});
type IdempotencyKeyRow = Row<typeof IDEMPOTENCY_KEY>;

/** Answers of idempotent requests (docs/adr/0014, docs/adr/0016). */
export interface IdempotencyKeyStore {
  /**
   * Claims the key for this request. `fresh`: go on, until the lease ends. `replay`: the stored answer. `secret`: done, but
   * its answer was not stored. `other_input`: 422. `in_flight`: another request holds a lease. A lease that has ended
   * without an answer is taken over.
   */
  claim(key: IdempotencyClaim, inputHash: Uint8Array, leaseMs: number): Promise<ClaimOutcome>;
  /**
   * Stores the answer, or only the subject's id where the answer holds a secret. False when another request has taken the
   * key over because the lease had ended: then what this transaction did must not commit.
   */
  store(key: IdempotencyClaim, lease: Date, answer: IdempotentAnswer): Promise<boolean>;
  /** Deletes a claim whose answer is not stored (401, 429, 5xx, wrong code), if the lease is still this request's. */
  forget(key: IdempotencyClaim, lease: Date): Promise<void>;
}

export type IdempotencyClaim = Pick<IdempotencyKeyRow, 'principal' | 'route' | 'key'>;

export interface IdempotentAnswer extends Pick<IdempotencyKeyRow, 'sealed' | 'subject'> {
  status: number;
}

export type ClaimOutcome =
  | { kind: 'fresh'; lease: Date }
  | { kind: 'replay'; status: number; sealed: Uint8Array }
  | { kind: 'secret'; subject: string | null }
  | { kind: 'other_input' }
  | { kind: 'in_flight' };
