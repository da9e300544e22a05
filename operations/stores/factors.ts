import type { CodePurpose, LockRule } from '../../domain/lockout.js';
import { bytes, columns, int, nullable, oneOf, type Row, step, time, uuid } from './columns.js';

export const FACTOR = columns({
  id: uuid('id'),
  personId: uuid('person_id'),
  /** The secret, encrypted. */
  sealed: bytes('sealed'),
  /** The newest time step of which a code was used. */
  lastStep: step('last_step'),
});

export const FACTOR_FAILURES = columns({
  factorId: uuid('factor_id'),
  purpose: oneOf<CodePurpose>()('purpose'),
  /** Wrong codes since the last right one or the last lock. */
  failures: int('failures'),
  /** Locks of the present series. */
  locks: int('locks'),
  /** End of the last lock, also when it is over. */
  lockedUntil: nullable(time('locked_until')),
});

/** A factor, with what was counted against it for one purpose. */
export type FactorRow = Row<typeof FACTOR> & Pick<Row<typeof FACTOR_FAILURES>, 'purpose' | 'failures' | 'locks' | 'lockedUntil'>;

/** Second factors. People and their factors belong to no tenant: every workspace counts against the same rows. */
export interface FactorStore {
  /** The person's factor, locked FOR UPDATE, and the count of this purpose as it is under the lock; null when there is none. */
  lock(personId: string, purpose: CodePurpose): Promise<FactorRow | null>;
  /** Compare-and-set: true for exactly one caller per time step (I7). */
  consumeStep(factorId: string, step: number): Promise<boolean>;
  /** Counts a wrong code. At `failuresMax` failures it locks the factor for this purpose, and counts from zero again. */
  countFailure(factorId: string, purpose: CodePurpose, rule: LockRule): Promise<{ failures: number; lockedUntil: Date | null }>;
  /** After a right code: no wrong ones in a row; and no locks of a series when the last one ended longer ago than `quietMs`. */
  clearFailures(factorId: string, purpose: CodePurpose, quietMs: number): Promise<void>;
}
