/** Second factors. People and factors are global; the tenant of the transaction only names where the deed counts. */
export interface FactorStore {
  /** Locks the person's factor row FOR UPDATE; null when there is none. */
  lock(personId: string): Promise<FactorRow | null>;
  /** Compare-and-set: true for exactly one caller a step (I7). Also clears the failure counter. */
  consumeStep(factorId: string, step: number): Promise<boolean>;
  /** Counts a wrong code; at `most` failures locks the factor until now + lockMs and starts over. */
  countFailure(factorId: string, most: number, lockMs: number): Promise<{ failures: number; lockedUntil: Date | null }>;
}

export interface FactorRow {
  id: string;
  personId: string;
  sealed: Uint8Array;
  lastStep: number;
  failures: number;
  lockedUntil: Date | null;
}
