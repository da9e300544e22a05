import type { z } from 'zod';
import type { comment, exception, exceptionItem, proposal } from '../../contracts/exceptions.js';
import { doneBy, personBehind } from '../../domain/actors.js';
import { kindRow } from '../../domain/exceptions.js';
import { toHex } from '../../domain/hashing.js';
import { toItemId, toWireId } from '../../domain/ids.js';
import { byPerson, type NameOf, nameDoneBy } from '../done-by.js';
import type { Stores } from '../ports.js';
import type { CommentRow, ExceptionItemRow, ExceptionView } from '../stores/exceptions.js';
import type { ProposalRow } from '../stores/proposals.js';

export type WireException = z.infer<typeof exception>;
export type WireProposal = z.infer<typeof proposal>;

/** Exceptions as every route answers them, with their owners' names. */
export const wireExceptions = async (stores: Stores, views: readonly ExceptionView[]): Promise<WireException[]> => {
  const nameOf = await nameDoneBy(
    stores,
    views.map(({ exception }) => byPerson(exception.ownerId)),
  );
  return views.map((view) => toWireException(view, stores.now, nameOf));
};

/** `now` is the database's clock. */
export const toWireException = ({ exception: row, batchExternalId, currency }: ExceptionView, now: Date, nameOf: NameOf): WireException => ({
  object: 'exception',
  id: toWireId('exception', row.id),
  kind: row.kind,
  severity: kindRow(row.kind).severity,
  state: row.resolvedAt ? 'resolved' : 'open',
  batch_id: row.batchId && toWireId('batch', row.batchId),
  batch_external_id: batchExternalId,
  connection_id: row.connectionId && toWireId('connection', row.connectionId),
  item_count: row.itemCount,
  open_count: row.openCount,
  amount: Number(row.amount),
  open_amount: Number(row.openAmount),
  currency,
  owner_id: row.ownerId && toWireId('person', row.ownerId),
  owner: nameOf(byPerson(row.ownerId)),
  created_at: row.createdAt.toISOString(),
  age_seconds: Math.max(0, Math.floor(((row.resolvedAt ?? now).getTime() - row.createdAt.getTime()) / 1_000)),
  resolved_at: row.resolvedAt?.toISOString() ?? null,
  resolution: row.resolution,
});

export const toWireExceptionItem = (batchId: string, currency: string, row: ExceptionItemRow): z.infer<typeof exceptionItem> => ({
  object: 'exception_item',
  id: toItemId(batchId, row.ordinal),
  ordinal: row.ordinal,
  payee_reference: row.payeeReference,
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

/** A proposal as every route answers it, with the names of its people. */
export const wireProposal = async (stores: Stores, row: ProposalRow, confirmedBy: string | null): Promise<WireProposal> =>
  toWireProposal(row, confirmedBy, await nameDoneBy(stores, [byPerson(row.proposedBy), byPerson(confirmedBy)]));

export const toWireProposal = (row: ProposalRow, confirmedBy: string | null, nameOf: NameOf): WireProposal => ({
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
  proposer: nameOf(byPerson(row.proposedBy)),
  confirmed_by: confirmedBy && toWireId('person', confirmedBy),
  confirmer: nameOf(byPerson(confirmedBy)),
  problem: row.problem,
  created_at: row.createdAt.toISOString(),
  ended_at: row.endedAt?.toISOString() ?? null,
});

export const toWireComment = (row: CommentRow, nameOf: NameOf): z.infer<typeof comment> => {
  const personId = personBehind(row.actor);
  return {
    object: 'comment',
    id: toWireId('comment', row.id),
    person_id: personId && toWireId('person', personId),
    author: nameOf(doneBy(row.actor)),
    body: row.body,
    created_at: row.createdAt.toISOString(),
  };
};
