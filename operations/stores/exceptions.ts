import type { ExceptionKind } from '../../domain/exceptions.js';
import type { Json } from '../../domain/hashing.js';
import { bigint, columns, int, json, nullable, oneOf, type Row, text, time, uuid } from './columns.js';

/** Something that a person has to look at. */
export const EXCEPTION = columns({
  id: uuid('id'),
  kind: oneOf<ExceptionKind>()('kind'),
  batchId: nullable(uuid('batch_id')),
  /** Only where no batch is known. */
  connectionId: nullable(uuid('connection_id')),
  /** What was known when it was raised. */
  detail: json<Json>()('detail'),
  /** Its items, and those that nobody has resolved yet. */
  itemCount: int('item_count'),
  openCount: int('open_count'),
  /** Sums of both, minor units. */
  amount: bigint('amount'),
  openAmount: bigint('open_amount'),
  /** The person who takes care of it. */
  ownerId: nullable(uuid('owner_id')),
  createdAt: time('created_at'),
  resolvedAt: nullable(time('resolved_at')),
  /** How it ended: a choice of people, or `by_evidence` or `over`. */
  resolution: nullable(text('resolution')),
});
export type ExceptionRow = Row<typeof EXCEPTION>;

export interface RaisedException {
  id: string;
  /** False when it joined an open exception. */
  fresh: boolean;
  /** Items that this exception did not name as open before. */
  added: number;
  /** Their sum, minor units. */
  addedAmount: bigint;
}

export interface ExceptionStore {
  /**
   * Joins the open exception of the same kind and batch (without a batch: connection), or makes one. An item that it names
   * already is not added again. Call it through `raiseException`, which also writes the alert.
   */
  raise(row: {
    kind: ExceptionKind;
    batchId: string | null;
    connectionId: string | null;
    ordinals: readonly number[];
    detail: { [key: string]: Json };
  }): Promise<RaisedException>;
  /** Ends the open exception of a kind and batch whose cause is over; null when there is none. */
  end(kind: ExceptionKind, batchId: string): Promise<{ id: string } | null>;
  /** Exceptions of a batch that nobody has resolved, oldest first. */
  openOf(batchId: string): Promise<ExceptionRow[]>;
}
