export interface AttemptRow {
  batchId: string;
  chunk: number;
  attempt: number;
  connectionId: string;
  rendererVersion: number;
  requestHash: Uint8Array;
  itemCount: number;
  createdAt: Date;
  /** What is left of the lease on the database's clock; negative once it has ended. */
  leaseLeftMs: number;
  /** Since the intent committed, on the database's clock. */
  ageMs: number;
}
