/** Whether a connection answers. There is a row only while it does not; all batches of the connection share it. */
export interface ConnectionHealthStore {
  /**
   * `available`; or `unavailable` with the time until somebody may try again, ms; or `try`: a look-up was answered and the pause is over, so one
   * chunk may find out whether payments are answered too (`claimTry`). `told`: the batch has an open exception about it. `failed`: an answer
   * has to be noted (`answered`).
   */
  of(connectionId: string, batchId: string): Promise<ConnectionHealth>;
  /**
   * A dispatch of so many payments was not answered at all. One of many payments makes the connection unavailable, or a few in a row of
   * fewer; from then on each one doubles the pause.
   */
  unanswered(connectionId: string, payments: number): Promise<{ failures: number; unavailable: boolean }>;
  /** A look-up was answered. */
  heard(connectionId: string): Promise<void>;
  /** A message of the provider's own arrived, received at that time: it is up, so a chunk may try once the pause is over. */
  toldBy(connectionId: string, receivedAt: Date): Promise<void>;
  /** Whether this transaction is the one that may try. */
  claimTry(connectionId: string): Promise<boolean>;
  /** A dispatch was answered. */
  answered(connectionId: string): Promise<void>;
}

export type ConnectionHealth = { told: boolean; failed: boolean } & (
  | { kind: 'available' }
  | { kind: 'try' }
  | { kind: 'unavailable'; retryInMs: number }
);
