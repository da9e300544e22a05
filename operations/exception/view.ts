import type { z } from 'zod';
import type { comment, exception, exceptionItem, proposal } from '../../contracts/exceptions.js';
import { personBehind } from '../../domain/actors.js';
import { kindRow } from '../../domain/exceptions.js';
import { toHex } from '../../domain/hashing.js';
import { toItemId, toWireId } from '../../domain/ids.js';
import type { CommentRow, ExceptionItemRow, ExceptionView } from '../stores/exceptions.js';
import type { ProposalRow } from '../stores/proposals.js';

export type WireException = z.infer<typeof exception>;
export type WireProposal = z.infer<typeof proposal>;

/** An exception as every route answers it; `now` is the database's clock. */
export const toWireException = ({ exception: row, currency }: ExceptionView, now: Date): WireException => ({
  object: 'exception',
  id: toWireId('exception', row.id),
  kind: row.kind,
  severity: kindRow(row.kind).severity,
  state: row.resolvedAt ? 'resolved' : 'open',
  batch_id: row.batchId && toWireId('batch', row.batchId),
  connection_id: row.connectionId && toWireId('connection', row.connectionId),
  item_count: row.itemCount,
  open_count: row.openCount,
  amount: Number(row.amount),
  open_amount: Number(row.openAmount),
  currency,
  owner_id: row.ownerId && toWireId('person', row.ownerId),
  created_at: row.createdAt.toISOString(),
  age_seconds: Math.max(0, Math.floor(((row.resolvedAt ?? now).getTime() - row.createdAt.getTime()) / 1_000)),
  resolved_at: row.resolvedAt?.toISOString() ?? null,
  resolution: row.resolution,
});

export const toWireExceptionItem = (batchId: string, currency: string, row: ExceptionItemRow): z.infer<typeof exceptionItem> => ({
  object: 'exception_item',
  id: toItemId(batchId, row.ordinal),
  ordinal: row.ordinal,
  amount: Number(row.amount),
  currency,
  state: row.state,
  reason: row.reason,
  provider_reference: row.providerReference,
  attempt: row.attempt,
  added_at: row.addedAt.toISOString(),
  resolved_at: row.resolvedAt?.toISOString() ?? null,
  resolution: row.resolution,
});

export const toWireProposal = (row: ProposalRow, confirmedBy: string | null): WireProposal => ({
  object: 'proposal',
  id: toWireId('proposal', row.id),
  exception_id: toWireId('exception', row.exceptionId),
  batch_id: row.batchId && toWireId('batch', row.batchId),
  choice: row.choice,
  state: row.state,
  reason: row.reason,
  digest: toHex(row.digest),
  item_count: row.itemCount,
  total: Number(row.total),
  proposed_by: toWireId('person', row.proposedBy),
  confirmed_by: confirmedBy && toWireId('person', confirmedBy),
  problem: row.problem,
  created_at: row.createdAt.toISOString(),
  ended_at: row.endedAt?.toISOString() ?? null,
});

export const toWireComment = (row: CommentRow): z.infer<typeof comment> => {
  const personId = personBehind(row.actor);
  return {
    object: 'comment',
    id: toWireId('comment', row.id),
    person_id: personId && toWireId('person', personId),
    body: row.body,
    created_at: row.createdAt.toISOString(),
  };
};
