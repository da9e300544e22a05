import { bytes, columns, int, nullable, oneOf, type Row, time, uuid } from './columns.js';

export const DISPATCH = columns({
  batchId: uuid('batch_id'),
  chunk: int('chunk'),
  /** From 1 in each chunk. */
  attempt: int('attempt'),
  /** `recovery`: nothing is sent, but bytes may have left before a backup was put back. */
  purpose: oneOf<'first' | 'resend' | 'recovery'>()('purpose'),
  firstOrdinal: int('first_ordinal'),
  endOrdinal: int('end_ordinal'),
  /** A bit for each ordinal of the range that is not covered; null when all are (domain/item/coverage.ts). */
  setAside: nullable(bytes('set_aside')),
  connectionId: uuid('connection_id'),
  connectionVersion: int('connection_version'),
  rendererVersion: int('renderer_version'),
  /** SHA-256 over the bytes that may be sent. */
  artefactHash: bytes('artefact_hash'),
  itemCount: int('item_count'),
  /** Null in rows of released versions. */
  eventId: nullable(uuid('event_id')),
  /** The earliest moment at which its bytes may have left, and the latest. */
  sentFrom: time('sent_from'),
  leaseUntil: time('lease_until'),
  createdAt: time('created_at'),
});
export type DispatchRow = Row<typeof DISPATCH>;

/** A dispatch as the database's clock sees it now. */
export interface TimedDispatch extends DispatchRow {
  /** What is left of the lease, ms; negative once it has ended. */
  leaseLeftMs: number;
  /** Since the first byte may have left, ms. */
  ageMs: number;
}

export type NewDispatch = Omit<DispatchRow, 'createdAt' | 'leaseUntil' | 'sentFrom'> & {
  leaseMs: number;
  /** Of a `recovery`: since when bytes may have left without our knowing. */
  sentFrom?: Date;
};

export interface DispatchStore {
  /** All dispatches of some chunks, by chunk and attempt. */
  ofChunks(batchId: string, chunks: readonly number[]): Promise<TimedDispatch[]>;
  /** All dispatches of a batch, by chunk and attempt. */
  ofBatch(batchId: string): Promise<DispatchRow[]>;
  /** How many items of the batch may have left. */
  countSent(batchId: string): Promise<number>;
  /** It may send from now on, for `leaseMs` on the database's clock. */
  insert(row: NewDispatch): Promise<void>;
}
