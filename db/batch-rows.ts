import type { BatchRow, BatchView, ContentRow, ControlRow, CounterRow } from '../operations/stores/batches.js';
import { Prisma } from '../prisma/generated/client.js';

/** Columns of the batch tables under names that do not clash in a join, and how they become rows of the port. */

export const BATCH_COLUMNS = Prisma.sql`b.id, b.external_id, b.description, b.rail, b.connection_id, b.funding_account_id, b.currency, b.chunk_size,
  b.source, b.source_sha256, b.allow_duplicates, b.fee_bearer, b.fee_maximum, b.execute_not_before, b.execute_by, b.created_at`;

export const CONTROL_COLUMNS = Prisma.sql`c.batch_id, c.state, c.row_version, c.content_version, c.paused_at, c.cancelling_at, c.integrity_failed_at,
  c.deadline_at, c.outcome, c.reason, c.state_at`;

export const COUNTER_COLUMNS = Prisma.sql`n.open, n.unknown, n.submitted, n.paid, n.failed, n.returned, n.cancelled, n.excluded, n.blocked,
  n.was_unknown, n.paid_amount`;

export interface BatchColumns {
  id: string;
  external_id: string | null;
  description: string;
  rail: string;
  connection_id: string;
  funding_account_id: string;
  currency: string;
  chunk_size: number;
  source: 'json' | 'csv';
  source_sha256: Uint8Array | null;
  allow_duplicates: boolean;
  fee_bearer: 'sender';
  fee_maximum: bigint;
  execute_not_before: Date | null;
  execute_by: Date | null;
  created_at: Date;
}

export interface ControlColumns {
  batch_id: string;
  state: ControlRow['state'];
  row_version: number;
  content_version: number;
  paused_at: Date | null;
  cancelling_at: Date | null;
  integrity_failed_at: Date | null;
  deadline_at: Date | null;
  outcome: ControlRow['outcome'];
  reason: string | null;
  state_at: Date;
}

export interface CounterColumns extends Omit<CounterRow, 'wasUnknown' | 'paidAmount'> {
  was_unknown: number;
  paid_amount: bigint;
}

export interface ContentColumns {
  content_version: number;
  size: number;
  count: number;
  total: bigint;
  root: Uint8Array;
  digest: Uint8Array;
}

/** A joined row of all four with the gates of the current content version as JSON. */
export type ViewColumns = BatchColumns &
  ControlColumns &
  CounterColumns &
  ContentColumns & {
    gates: { id: string; gate: BatchView['gates'][number]['gate']; person_id: string; opened_at: string }[];
    open_exceptions: number;
  };

export const toBatch = (row: BatchColumns): BatchRow => ({
  id: row.id,
  externalId: row.external_id,
  description: row.description,
  rail: row.rail,
  connectionId: row.connection_id,
  fundingAccountId: row.funding_account_id,
  currency: row.currency,
  chunkSize: row.chunk_size,
  source: row.source,
  sourceSha256: row.source_sha256,
  allowDuplicates: row.allow_duplicates,
  feeBearer: row.fee_bearer,
  feeMaximum: row.fee_maximum,
  executeNotBefore: row.execute_not_before,
  executeBy: row.execute_by,
  createdAt: row.created_at,
});

export const toControl = (row: ControlColumns): ControlRow => ({
  batchId: row.batch_id,
  state: row.state,
  rowVersion: row.row_version,
  contentVersion: row.content_version,
  pausedAt: row.paused_at,
  cancellingAt: row.cancelling_at,
  integrityFailedAt: row.integrity_failed_at,
  deadlineAt: row.deadline_at,
  outcome: row.outcome,
  reason: row.reason,
  stateAt: row.state_at,
});

export const toCounter = ({ was_unknown, paid_amount, ...row }: CounterColumns): CounterRow => ({
  open: row.open,
  unknown: row.unknown,
  submitted: row.submitted,
  paid: row.paid,
  failed: row.failed,
  returned: row.returned,
  cancelled: row.cancelled,
  excluded: row.excluded,
  blocked: row.blocked,
  wasUnknown: was_unknown,
  paidAmount: paid_amount,
});

export const toContent = (row: ContentColumns): ContentRow => ({
  contentVersion: row.content_version,
  size: row.size,
  count: row.count,
  total: row.total,
  root: row.root,
  digest: row.digest,
});

export const toView = (row: ViewColumns): BatchView => ({
  batch: toBatch(row),
  control: toControl(row),
  content: toContent(row),
  counter: toCounter(row),
  gates: row.gates.map((gate) => ({ id: gate.id, gate: gate.gate, personId: gate.person_id, openedAt: new Date(gate.opened_at) })),
  openExceptions: row.open_exceptions,
});
