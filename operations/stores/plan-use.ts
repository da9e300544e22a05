/** What there is in one workspace of what plans limit. */
export interface PlanUseStore {
  /**
   * Holds all of it until the transaction ends: another one that asks waits, and then counts what this one has made. It comes before the locks
   * of batches, members and keys, so it is asked first.
   */
  hold(): Promise<void>;
  /** Batches that were begun since midnight UTC, on the database's clock, whatever became of them. */
  batchesToday(): Promise<number>;
  /** Members who are not disabled here. */
  members(): Promise<number>;
  /** API keys that still work, without those whose place another has taken. */
  apiKeys(): Promise<number>;
}
