import { bytes, columns, int, type Row, time, uuid } from './columns.js';

export const ATTEMPT = columns({
  batchId: uuid('batch_id'),
  chunk: int('chunk'),
  attempt: int('attempt'),
  connectionId: uuid('connection_id'),
  rendererVersion: int('renderer_version'),
  /** SHA-256 over the bytes that the attempt may send. */
  requestHash: bytes('request_hash'),
  itemCount: int('item_count'),
  leaseUntil: time('lease_until'),
  createdAt: time('created_at'),
});
export type AttemptRow = Row<typeof ATTEMPT>;

/** An attempt as the database's clock sees it now. */
export interface TimedAttempt extends AttemptRow {
  /** What is left of the lease, ms; negative once it has ended. */
  leaseLeftMs: number;
  /** Since the intent committed, ms. */
  ageMs: number;
}

export interface AttemptStore {
  /** All attempts of a chunk, oldest first. */
  ofChunk(batchId: string, chunk: number): Promise<TimedAttempt[]>;
  /** All attempts of a batch, by chunk and number. */
  ofBatch(batchId: string): Promise<AttemptRow[]>;
  /** The lease ends `leaseMs` after now on the database's clock. */
  insert(row: Omit<AttemptRow, 'createdAt' | 'leaseUntil'> & { leaseMs: number }): Promise<void>;
}
