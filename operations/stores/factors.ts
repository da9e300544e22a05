import type { CodePurpose } from '../../domain/lockout.js';
import { bytes, columns, int, nullable, oneOf, type Row, step, text, time, uuid } from './columns.js';

export const FACTOR = columns({
  id: uuid('id'),
  personId: uuid('person_id'),
  name: text('name'),
  /** The secret, encrypted; empty once the factor is removed. */
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
  replacePending(row: Pick<FactorRow, 'id' | 'personId' | 'name' | 'sealed'>): Promise<FactorRow>;
  /** The factor that waits, locked; null when this one does not, or no longer. */
  lockPending(factorId: string, pendingMs: number): Promise<FactorRow | null>;
  /** Counts a wrong code against a factor that waits; at `failuresMax` it is forgotten. How many there were. */
  countPendingFailure(factorId: string, failuresMax: number): Promise<number>;
  /** Confirms the factor by this time step of it. False when another request was first. */
  confirm(factorId: string, step: number, gatesFrom: Date): Promise<boolean>;
  /** Removes a confirmed factor and erases its secret. */
  remove(factorId: string): Promise<void>;
}
