import { bytes, columns, int, nullable, type Row, step, time, uuid } from './columns.js';

export const FACTOR = columns({
  id: uuid('id'),
  personId: uuid('person_id'),
  /** The secret, encrypted. */
  sealed: bytes('sealed'),
  /** The newest time step of which a code was used. */
  lastStep: step('last_step'),
  /** Wrong codes since the last right one. */
  failures: int('failures'),
  lockedUntil: nullable(time('locked_until')),
});
export type FactorRow = Row<typeof FACTOR>;

/** Second factors. People and their factors belong to no tenant: every workspace counts against the same row. */
export interface FactorStore {
  /** The person's factor, locked FOR UPDATE; null when there is none. */
  lock(personId: string): Promise<FactorRow | null>;
  /** Compare-and-set: true for exactly one caller per time step (I7). Also clears the failure counter. */
  consumeStep(factorId: string, step: number): Promise<boolean>;
  /** Counts a wrong code. At `failuresMax` failures it locks the factor for `lockMs` and counts from zero again. */
  countFailure(factorId: string, failuresMax: number, lockMs: number): Promise<{ failures: number; lockedUntil: Date | null }>;
}
