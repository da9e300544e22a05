import type { CodePurpose } from '../../domain/lockout.js';
import type { FactorKind } from '../../domain/second-factor.js';
import { bytes, columns, int, nullable, oneOf, type Row, step, text, time, uuid } from './columns.js';

export const FACTOR = columns({
  id: uuid('id'),
  personId: uuid('person_id'),
  kind: oneOf<FactorKind>()('kind'),
  name: text('name'),
  /** The secret, encrypted; empty once the factor is removed, and of a passkey, which has none here. */
  sealed: bytes('sealed'),
  /** The newest time step of which a code was used. */
  lastStep: step('last_step'),
  createdAt: time('created_at'),
  /** Null while it waits to be confirmed. */
  confirmedAt: nullable(time('confirmed_at')),
  /** From then on it opens gates. */
  gatesFrom: nullable(time('gates_from')),
  removedAt: nullable(time('removed_at')),
  /** Wrong codes that were given to confirm it. */
  confirmFailures: int('confirm_failures'),
  /** Of a passkey that waits: the SHA-256 of the challenge that it is to answer. */
  challengeHash: nullable(bytes('challenge_hash')),
  // Of a passkey that was confirmed, also once it is removed.
  credentialId: nullable(bytes('credential_id')),
  /** COSE_Key (RFC 9052). */
  publicKey: nullable(bytes('public_key')),
  /** The host that it belongs to. */
  rpId: nullable(text('rp_id')),
  /** How often it signed, as it counts itself; 0 for ever when it does not count. */
  signCount: step('sign_count'),
  usedAt: nullable(time('used_at')),
  /** HMAC of its canonical form (domain/passkey.ts). */
  authenticator: nullable(bytes('authenticator')),
});
export type FactorRow = Row<typeof FACTOR>;

export const FACTOR_FAILURES = columns({
  personId: uuid('person_id'),
  purpose: oneOf<CodePurpose>()('purpose'),
  /** Wrong codes since the last right one or the last lock. */
  failures: int('failures'),
  /** Locks of the present series. */
  locks: int('locks'),
  /** End of the last lock, also when it is over. */
  lockedUntil: nullable(time('locked_until')),
});

/** The factors of a person that count, the oldest first, and what was counted against the person for one purpose. */
export interface LockedFactors extends Row<typeof FACTOR_FAILURES> {
  all: readonly FactorRow[];
}

/** What is kept of a passkey. */
export interface ConfirmedPasskey {
  credentialId: Uint8Array;
  publicKey: Uint8Array;
  rpId: string;
  signCount: number;
  authenticator: Uint8Array;
}

/** Second factors. People and their factors belong to no tenant: every workspace counts against the same rows. */
export interface FactorStore {
  /** The person's confirmed factors, locked FOR UPDATE, and the count of this purpose as it is under the lock; null when there is none. */
  lock(personId: string, purpose: CodePurpose): Promise<LockedFactors | null>;
  /**
   * Compare-and-set: true for exactly one caller per time step of a factor of the person who acts (I7). A step of now ends the count of wrong codes
   * for this purpose, and the series of locks when the last one ended long enough ago. Nothing else does.
   */
  consumeStep(factorId: string, step: number, purpose: CodePurpose): Promise<boolean>;
  /**
   * Counts a wrong code of the person who acts, and locks their factors for this purpose by the rule in `LOCKOUT`, which the database holds itself.
   * `failures` is how many there were in a row; `lockedUntil` is set when this one locked.
   */
  countFailure(purpose: CodePurpose): Promise<{ failures: number; lockedUntil: Date | null }>;
  /** One enrolment of a person at a time, until the transaction ends. Confirmed factors are locked after it. */
  lockEnrolment(personId: string): Promise<void>;
  /** All of the person who acts that are not removed, the oldest first; one that was not confirmed within `pendingMs` is left out. */
  list(pendingMs: number): Promise<FactorRow[]>;
  /** Puts a factor that waits for its confirmation in the place of one that waited before. */
  replacePending(row: Pick<FactorRow, 'id' | 'personId' | 'kind' | 'name' | 'sealed' | 'challengeHash'>): Promise<FactorRow>;
  /** The factor that waits, locked; null when this one does not, or no longer. */
  lockPending(factorId: string, pendingMs: number): Promise<FactorRow | null>;
  /** Counts a wrong code against a factor that waits; at `failuresMax` it is forgotten. How many there were. */
  countPendingFailure(factorId: string, failuresMax: number): Promise<number>;
  /** Confirms the factor by this time step of it. False when another request was first. */
  confirm(factorId: string, step: number, gatesFrom: Date): Promise<boolean>;
  /** Forgets a factor that waits. */
  forgetPending(factorId: string): Promise<void>;
  /** Whether nobody has or had a passkey of this credential. Until the transaction ends, nobody else is told so. */
  isNewCredential(credentialId: Uint8Array): Promise<boolean>;
  /** Confirms a passkey that waits. False when another request was first. */
  confirmPasskey(factorId: string, passkey: ConfirmedPasskey, gatesFrom: Date): Promise<boolean>;
  /** Notes a use of a passkey, with its counter after it. False when the counter did not go up, unless it does not count (Web Authentication, section 7.2). */
  usePasskey(factorId: string, signCount: number): Promise<boolean>;
  /** Removes a confirmed factor and erases its secret. The public key of a passkey stays, for the gates that it opened. */
  remove(factorId: string): Promise<void>;
}
