import type { Actor } from '../../domain/actors.js';
import type { ExceptionKind } from '../../domain/exceptions.js';
import type { Json } from '../../domain/hashing.js';
import type { ItemState } from '../../domain/item/states.js';
import { bigint, columns, int, json, nullable, oneOf, type Row, text, time, uuid } from './columns.js';
import type { Page, PageQuery } from './page.js';

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

/** An item of an exception, with where it stands now. */
export interface ExceptionItemRow {
  ordinal: number;
  payeeReference: string;
  /** Minor units. */
  amount: bigint;
  addedAt: Date;
  resolvedAt: Date | null;
  /** A choice of people, or `by_evidence`. */
  resolution: string | null;
  state: ItemState;
  reason: string | null;
  providerReference: string | null;
  attempt: number;
}

/** What people wrote about an exception. */
export const COMMENT = columns({
  id: uuid('id'),
  exceptionId: uuid('exception_id'),
  actor: json<Actor>()('actor'),
  body: text('body'),
  createdAt: time('created_at'),
});
export type CommentRow = Row<typeof COMMENT>;

/** An exception with what people know its batch by, and its currency; null without a batch. */
export interface ExceptionView {
  exception: ExceptionRow;
  batchExternalId: string | null;
  currency: string | null;
}

/** Items of an exception that stand alike. */
export interface Standing {
  state: ItemState;
  reason: string | null;
  count: number;
  /** Minor units. */
  amount: bigint;
}

export interface ExceptionFilter {
  /** Left out: both. */
  open?: boolean | undefined;
  kind?: ExceptionKind | undefined;
  batchId?: string | undefined;
  ownerId?: string | undefined;
}

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
  view(id: string): Promise<ExceptionView | null>;
  /** The exception, locked FOR UPDATE; null when there is none. */
  lock(id: string): Promise<ExceptionRow | null>;
  list(page: PageQuery & ExceptionFilter): Promise<Page<ExceptionView>>;
  /** How many of its items stand in each state now, by the last word about them, and their sums. */
  standing(row: Pick<ExceptionRow, 'id' | 'batchId'>): Promise<Standing[]>;
  /** Chunks of its batch that its open items lie in. */
  openChunks(id: string, chunkSize: number): Promise<number[]>;
  /** Its items by ordinal, on request only those that are open, or resolved. */
  items(
    row: Pick<ExceptionRow, 'id' | 'batchId'>,
    page: { limit: number; afterOrdinal?: number | undefined; open: boolean | undefined },
  ): Promise<Page<ExceptionItemRow>>;
  /** Which of these ordinals are open in the exception and still wait for people (`waitingStates`); all of them when none are given. */
  inDoubt(
    row: Pick<ExceptionRow, 'id' | 'batchId' | 'kind'>,
    ordinals: readonly number[] | null,
    limit: number,
  ): Promise<Pick<ExceptionItemRow, 'ordinal' | 'amount'>[]>;
  assign(id: string, ownerId: string | null): Promise<void>;
  comment(row: Pick<CommentRow, 'id' | 'exceptionId' | 'body'>): Promise<void>;
  /** Oldest first. */
  comments(exceptionId: string): Promise<CommentRow[]>;
  /**
   * Takes items that are settled out of every open exception about doubt of their batch, and ends those that have none left.
   * Answers the exceptions that ended.
   */
  settleItems(batchId: string, ordinals: readonly number[], resolution: string): Promise<{ id: string; kind: ExceptionKind }[]>;
  /** Ends an exception with all of its items. */
  resolve(id: string, resolution: string): Promise<void>;
}
