/** Whether a connection answers. There is a row only while it does not; all batches of the connection share it. */
export interface ConnectionHealthStore {
  /**
   * `available`; or `unavailable` with the time until somebody may try again, ms; or `try`: a look-up was answered and the pause is over, so one
   * chunk may find out whether payments are answered too (`claimTry`). `told`: the batch has an open exception about it.
   */
  of(connectionId: string, batchId: string): Promise<ConnectionHealth>;
  /** A dispatch was not answered at all. Each one in a row doubles the pause. Returns how many there were. */
  unanswered(connectionId: string): Promise<number>;
  /** A look-up was answered. */
  heard(connectionId: string): Promise<void>;
  /** Whether this transaction is the one that may try. */
  claimTry(connectionId: string): Promise<boolean>;
  /** A dispatch was answered. */
  answered(connectionId: string): Promise<void>;
}

export type ConnectionHealth = { told: boolean } & ({ kind: 'available' } | { kind: 'try' } | { kind: 'unavailable'; retryInMs: number });
