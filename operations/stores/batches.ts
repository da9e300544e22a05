import type { BatchState } from '../../domain/batch/states.js';
import type { Gate } from '../../domain/gate/rules.js';
import type { Page, PageQuery } from './page.js';

/** What never changes about a batch. */
export interface BatchRow {
  id: string;
  externalId: string | null;
  description: string;
  rail: string;
  connectionId: string;
  fundingAccountId: string;
  currency: string;
  chunkSize: number;
  source: 'json' | 'csv';
  sourceSha256: Uint8Array | null;
  allowDuplicates: boolean;
  feeBearer: 'sender';
  feeMaximum: bigint;
  executeNotBefore: Date | null;
  executeBy: Date | null;
  createdAt: Date;
}

/** The row that every decision locks. */
export interface ControlRow {
  batchId: string;
  state: BatchState;
  rowVersion: number;
  contentVersion: number;
  pausedAt: Date | null;
  cancellingAt: Date | null;
  integrityFailedAt: Date | null;
  deadlineAt: Date | null;
  outcome: 'full' | 'partial' | 'none' | null;
  reason: string | null;
  stateAt: Date;
}

/** What one content version pays, as the gates sign it. */
export interface ContentRow {
  contentVersion: number;
  size: number;
  count: number;
  total: bigint;
  root: Uint8Array;
  digest: Uint8Array;
}

export interface CounterRow {
  open: number;
  unknown: number;
  submitted: number;
  paid: number;
  failed: number;
  returned: number;
  cancelled: number;
  excluded: number;
  blocked: number;
  /** Items that were unknown at some time. */
  wasUnknown: number;
  paidAmount: bigint;
}

/** A batch as people see it. */
export interface BatchView {
  batch: BatchRow;
  control: ControlRow;
  content: ContentRow | null;
  counter: CounterRow;
  /** Open on the current content version, oldest first. */
  gates: { id: string; gate: Gate; personId: string; openedAt: Date }[];
  /** Exceptions that nobody has resolved yet. */
  openExceptions: number;
}

export interface BatchStore {
  /** Batch, control and counter rows; the control starts in `state`. Refused (false) when external_id is taken. */
  insert(row: Omit<BatchRow, 'createdAt'>, state: BatchState, deadlineAt: Date | null): Promise<boolean>;
  byExternalId(externalId: string): Promise<string | null>;
  /** Uploads that are still `receiving`, oldest first, their control rows locked FOR UPDATE. */
  receiving(): Promise<{ batch: BatchRow; control: ControlRow }[]>;
  /** Lets go of the external_id of a batch that is still `receiving`, so that another upload may take it. */
  giveUpExternalId(id: string): Promise<void>;
  /** Like `list`, it sees only what was sealed: a batch without content is invisible. */
  view(id: string): Promise<BatchView | null>;
  list(page: PageQuery & { state?: BatchState | undefined; externalId?: string | undefined }): Promise<Page<BatchView>>;
  get(id: string): Promise<BatchRow | null>;
  /** Control row FOR UPDATE. `receiving` batches are invisible here. */
  lock(id: string): Promise<ControlRow | null>;
  /** Control row FOR SHARE, for the intent transaction. */
  lockShared(id: string): Promise<ControlRow | null>;
  /**
   * Compare-and-set by row version; false when somebody else moved it first. Absent members stay as they are,
   * row_version grows by one.
   */
  move(id: string, rowVersion: number, change: Partial<Omit<ControlRow, 'batchId' | 'rowVersion' | 'stateAt'>>): Promise<boolean>;
  addPreparer(id: string, personId: string, deed: 'create' | 'submit' | 'edit'): Promise<void>;
  /** Preparers, and who changed one of its destinations in the last 24 hours (R9). */
  preparers(id: string): Promise<string[]>;
  /** Who prepared the batch, by what, oldest first. */
  preparations(id: string): Promise<{ personId: string; deed: string; createdAt: Date }[]>;
  content(id: string, contentVersion: number): Promise<ContentRow | null>;
  insertContent(id: string, row: ContentRow): Promise<void>;
  /** Roots of all chunks in order. */
  chunkRoots(id: string): Promise<Uint8Array[]>;
  putChunkRoots(id: string, roots: readonly { chunk: number; root: Uint8Array }[]): Promise<void>;
  counter(id: string): Promise<CounterRow>;
  /** Adds deltas to the counters. Call it last in the transaction (R8). */
  addToCounter(id: string, deltas: Partial<CounterRow>): Promise<CounterRow>;
}
