/** What the database knows of the runs that drive a batch (R13). */
export interface BatchRunStore {
  /** Notes that a run has just done something for the batch, and within how many ms it shows itself again; null when it waits for people alone. Does nothing without such a batch. */
  driven(batchId: string, comesBackMs: number | null): Promise<void>;
}
