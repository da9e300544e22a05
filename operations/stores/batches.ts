import type { BatchState } from '../../domain/batch/states.js';
import { bigint, bytes, columns, flag, int, membersOf, nullable, oneOf, type Row, text, time, uuid } from './columns.js';
import type { ConnectionHealth } from './connection-health.js';
import type { RailConnectionRow } from './rail-connections.js';
import type { UploadRow } from './uploads.js';
import type { WorkspaceRow } from './workspaces.js';

const NEW_BATCH = {
  id: uuid('id'),
  externalId: nullable(text('external_id')),
  description: text('description'),
  rail: text('rail'),
  connectionId: uuid('connection_id'),
  /** Of the connection's settings. Null in batches of released versions, whose digest does not bind it: they pay through version 1. */
  connectionVersion: nullable(int('connection_version')),
  /** SHA-256 over the settings of that version. */
  connectionSettings: nullable(bytes('connection_settings')),
  fundingAccountId: uuid('funding_account_id'),
  currency: text('currency'),
  /** Items of one chunk; a power of two. */
  chunkSize: int('chunk_size'),
  source: oneOf<'json' | 'csv'>()('source'),
  /** Of the file's bytes; null when the items came as JSON. */
  sourceSha256: nullable(bytes('source_sha256')),
  allowDuplicates: flag('allow_duplicates'),
  feeBearer: oneOf<'sender'>()('fee_bearer'),
  /** Minor units. */
  feeMaximum: bigint('fee_maximum'),
  executeNotBefore: nullable(time('execute_not_before')),
  executeBy: nullable(time('execute_by')),
} as const;

/** What never changes about a batch. */
export const BATCH = columns({ ...NEW_BATCH, createdAt: time('created_at') });
export type BatchRow = Row<typeof BATCH>;

/** The version of its connection's settings that a batch is paid through. */
export const versionOf = ({ connectionVersion }: Pick<BatchRow, 'connectionVersion'>): number => connectionVersion ?? 1;

/** A batch before the database has given it a time. */
export type NewBatch = Row<typeof NEW_BATCH>;
export const NEW_BATCH_MEMBERS = membersOf(NEW_BATCH);

/** The row that every decision locks. */
export const CONTROL = columns({
  batchId: uuid('batch_id'),
  state: oneOf<BatchState>()('state'),
  /** Grows by one with every change. */
  rowVersion: int('row_version'),
  contentVersion: int('content_version'),
  pausedAt: nullable(time('paused_at')),
  cancellingAt: nullable(time('cancelling_at')),
  integrityFailedAt: nullable(time('integrity_failed_at')),
  /** Until then the next gate has to open, or execution has to begin. */
  deadlineAt: nullable(time('deadline_at')),
  outcome: nullable(oneOf<'full' | 'partial' | 'none'>()('outcome')),
  reason: nullable(text('reason')),
  /** When `state` last changed. */
  stateAt: time('state_at'),
});
export type ControlRow = Row<typeof CONTROL>;

/** What one content version pays, as the gates sign it. */
export const CONTENT = columns({
  contentVersion: int('content_version'),
  /** Ordinals in the tree, tombstones included. */
  size: int('size'),
  /** Items that would be paid. */
  count: int('count'),
  /** Their sum, minor units. */
  total: bigint('total'),
  root: bytes('root'),
  digest: bytes('digest'),
});
export type ContentRow = Row<typeof CONTENT>;

/** Root of one aligned range of the current content: a node of the batch's tree (R3). */
export const CHUNK_ROOT = columns({ chunk: int('chunk'), root: bytes('root') });
export type ChunkRoot = Row<typeof CHUNK_ROOT>;

/** Items by where they stand. */
export const COUNTER = columns({
  open: int('open'),
  unknown: int('unknown'),
  submitted: int('submitted'),
  paid: int('paid'),
  failed: int('failed'),
  returned: int('returned'),
  cancelled: int('cancelled'),
  excluded: int('excluded'),
  blocked: int('blocked'),
  /** Items that were unknown at some time. */
  wasUnknown: int('was_unknown'),
  /** Minor units. */
  paidAmount: bigint('paid_amount'),
});
export type CounterRow = Row<typeof COUNTER>;

/** Who prepared a batch, and by what (R9). */
export const PREPARATION = columns({
  personId: uuid('person_id'),
  action: oneOf<'create' | 'submit' | 'edit'>()('deed'),
  createdAt: time('created_at'),
});
export type Preparation = Row<typeof PREPARATION>;

/** Absent members stay as they are. */
export type ControlChange = Partial<Omit<ControlRow, 'batchId' | 'rowVersion' | 'stateAt'>>;

/** What decides whether a chunk may be sent, all of one moment. */
export interface BatchToSend {
  batch: BatchRow;
  control: ControlRow;
  /** Null when the batch has no content of its current version. */
  content: ContentRow | null;
  workspace: WorkspaceRow;
  /** The rail connection in the version that the batch names; null when there is none. */
  connection: RailConnectionRow | null;
  health: ConnectionHealth;
  /** Until when the restored database knows of the batch; null for a batch that is not marked (R15). */
  knownUntil: Date | null;
  /** The chunk's stored audit path (`chunkPath`). */
  path: Uint8Array | null;
  /** Items that are not terminal yet. */
  open: number;
}

export interface BatchStore {
  /** Batch, control and counter rows; the control starts in `state`. False when another batch has the external_id. */
  insert(row: NewBatch, state: BatchState, deadlineAt: Date | null): Promise<boolean>;
  /** The id of the batch that has this external_id. */
  byExternalId(externalId: string): Promise<string | null>;
  /** Uploads that are still `receiving`, oldest first, their control rows locked FOR UPDATE. */
  receiving(): Promise<{ batch: BatchRow; control: ControlRow }[]>;
  /** Batch and control row while the batch is `receiving`, seen by people or not; null otherwise. `upload` is null while its request receives it. */
  incoming(id: string): Promise<{ batch: BatchRow; control: ControlRow; upload: UploadRow | null } | null>;
  /** Takes the external_id from a batch that is still `receiving`, so that another upload may have it. */
  giveUpExternalId(id: string): Promise<void>;
  get(id: string): Promise<BatchRow | null>;
  /** What a permit to send a chunk needs, in one statement. Read it once the locks to send are held (R1). Null when there is no such batch. */
  toSend(id: string, chunk: number): Promise<BatchToSend | null>;
  /** The control row as it is now, without a lock. Null for a batch that nobody sees. */
  control(id: string): Promise<ControlRow | null>;
  /**
   * The control row, after this transaction has locked the batch alone: for every decision about it. Waits for those that send, and all
   * that want to send later wait for this one (R1). Null for a batch that nobody sees.
   */
  lock(id: string): Promise<ControlRow | null>;
  /**
   * Changes the control row if it still has this row version, and adds one to it; false when another transaction changed it
   * first. Absent members stay as they are.
   */
  move(id: string, rowVersion: number, change: ControlChange): Promise<boolean>;
  /** Ids of the batches that execute. */
  executing(): Promise<string[]>;
  /** The same for a control row that this transaction holds locked. Throws when it moved all the same, which the lock rules out. */
  moveLocked(id: string, rowVersion: number, change: ControlChange): Promise<void>;
  /** Does nothing when the person did this before. */
  addPreparer(id: string, personId: string, action: Preparation['action']): Promise<void>;
  /** Ids of people who prepared the batch or, in the last 24 hours, made one of its destination versions or one that came before it (R9). */
  preparers(id: string): Promise<string[]>;
  /** Oldest first. */
  preparations(id: string): Promise<Preparation[]>;
  content(id: string, contentVersion: number): Promise<ContentRow | null>;
  insertContent(id: string, row: ContentRow): Promise<void>;
  /** Roots of all chunks in order. */
  chunkRoots(id: string): Promise<Uint8Array[]>;
  putChunkRoots(id: string, roots: readonly ChunkRoot[]): Promise<void>;
  /** The hashes of a chunk's audit path one after the other, lowest first. Null when none is stored. */
  chunkPath(id: string, chunk: number): Promise<Uint8Array | null>;
  /** Paths of all chunks, from the first on. */
  putChunkPaths(id: string, paths: readonly Uint8Array[]): Promise<void>;
  /** The database keeps it in step with the items: it begins with the first content, and each move of items adds to it. */
  counter(id: string): Promise<CounterRow>;
}
