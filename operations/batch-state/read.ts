import type { z } from 'zod';
import type { batch, halted } from '../../contracts/batches.js';
import { attentionOfFacts } from '../../domain/batch/facts.js';
import { isTerminalBatch } from '../../domain/batch/states.js';
import type { ExceptionKind } from '../../domain/exceptions.js';
import { toHex } from '../../domain/hashing.js';
import { toWireId } from '../../domain/ids.js';
import type { Context } from '../context.js';
import { byPerson, type NameOf, nameDoneBy } from '../done-by.js';
import type { Stores } from '../ports.js';
import type { BatchView } from '../stores/batch-views.js';
import { type CounterRow, versionOf } from '../stores/batches.js';

export type WireBatch = z.infer<typeof batch>;
export type HaltedBatch = z.infer<typeof halted>;

/** The batch as it stands in this transaction, which has just written or locked it. Throws when there is none. */
export const readBatch = async (ctx: Context, stores: Stores, batchId: string): Promise<WireBatch> =>
  wireBatch(ctx, stores, await viewOf(stores, batchId));

/**
 * The batch, and how many of its items were already sent and how many were not. The counts are exact, because the caller has locked
 * the batch alone, and every dispatch waits for that lock (R1).
 */
export const readHaltedBatch = async (ctx: Context, stores: Stores, batchId: string): Promise<HaltedBatch> => {
  const view = await viewOf(stores, batchId);
  const sent = await stores.dispatches.countSent(batchId);
  return { ...(await wireBatch(ctx, stores, view)), already_sent: sent, not_sent: (view.content?.count ?? 0) - sent };
};

const viewOf = async (stores: Stores, batchId: string): Promise<BatchView> => {
  const view = await stores.batches.view(batchId);
  if (!view) throw new Error(`batch ${batchId} cannot be read in the transaction that wrote or locked it`);
  return view;
};

/** A batch as every route answers it. */
export const wireBatch = async (ctx: Context, stores: Stores, view: BatchView): Promise<WireBatch> =>
  toWireBatch(view, ctx.tenantId, await nameOpeners(stores, [view]));

/** The same for many. The number of statements does not grow with them. */
export const wireBatches = async (ctx: Context, stores: Stores, views: readonly BatchView[]): Promise<WireBatch[]> => {
  const nameOf = await nameOpeners(stores, views);
  return views.map((view) => toWireBatch(view, ctx.tenantId, nameOf));
};

/** Names of who opened the gates. Nothing is asked where no gate is open: the worker, which takes files in, may not read people. */
const nameOpeners = (stores: Stores, views: readonly BatchView[]): Promise<NameOf> =>
  nameDoneBy(
    stores,
    views.flatMap(({ gates }) => gates.map(({ personId }) => byPerson(personId))),
  );

const toWireBatch = (view: BatchView, tenantId: string, nameOf: NameOf): WireBatch => {
  const { batch: row, control, content, counter, gates, upload } = view;
  return {
    object: 'payout_batch',
    id: toWireId('batch', row.id),
    workspace_id: toWireId('workspace', tenantId),
    external_id: row.externalId,
    description: row.description,
    state: control.state,
    outcome: control.outcome,
    reason: control.reason,
    paused: control.pausedAt !== null && !isTerminalBatch(control.state),
    cancelling: control.cancellingAt !== null && !isTerminalBatch(control.state),
    attention: attentionOf(view),
    reconciled: isTerminalBatch(control.state) && view.openExceptions.length === 0,
    content_version: control.contentVersion,
    row_version: control.rowVersion,
    digest: content && toHex(content.digest),
    rail: row.rail,
    connection_id: toWireId('connection', row.connectionId),
    connection_version: row.connectionVersion,
    connection_settings_sha256: row.connectionSettings ? toHex(row.connectionSettings) : null,
    funding_account_id: toWireId('account', row.fundingAccountId),
    currency: row.currency,
    item_count: content?.count ?? 0,
    total: Number(content?.total ?? 0),
    paid_total: Number(counter.paidAmount),
    counts: toWireCounts(counter),
    gates: gates.map((gate) => ({
      gate: gate.gate,
      person_id: toWireId('person', gate.personId),
      opened_by: nameOf(byPerson(gate.personId)),
      opened_at: gate.openedAt.toISOString(),
    })),
    upload: upload && {
      bytes: Number(upload.bytes),
      rows_expected: upload.count ?? upload.lines,
      rows_checked: upload.rowsChecked,
      rows_stored: upload.rowsStored,
      refusal: upload.refusal && { code: upload.refusal.code, detail: upload.refusal.detail, errors: upload.refusal.errors ?? [] },
    },
    source: { type: row.source, sha256: row.sourceSha256 ? toHex(row.sourceSha256) : null },
    deadline_at: control.deadlineAt?.toISOString() ?? null,
    execute_not_before: row.executeNotBefore?.toISOString() ?? null,
    execute_by: row.executeBy?.toISOString() ?? null,
    created_at: row.createdAt.toISOString(),
    state_at: control.stateAt.toISOString(),
  };
};

/** Exceptions because of which a batch does not get further, or did not: they are named beside `exceptions`. */
const HALTS: readonly ExceptionKind[] = ['gates_forged', 'provider_unavailable', 'run_stalled'];

/** What a person has to look at. It is computed from the rows, so the two never disagree. */
const attentionOf = (view: BatchView): string[] => [
  ...(view.frozen && !isTerminalBatch(view.control.state) ? ['workspace_frozen'] : []),
  ...(view.counter.unknown > 0 ? ['unknown_items'] : []),
  ...(view.control.integrityFailedAt ? ['integrity_failed'] : []),
  ...HALTS.filter((kind) => view.openExceptions.includes(kind) || (kind === 'provider_unavailable' && waitsForProvider(view))),
  ...(view.openExceptions.length > 0 ? ['exceptions'] : []),
  ...(isTerminalBatch(view.control.state) ? [] : connectionAttention(view)),
  ...attentionOfFacts(view.control.state, view.facts),
];

/** A batch that sent nothing into the silence has no exception about it, and waits all the same. */
const waitsForProvider = ({ control, connection }: BatchView): boolean => control.state === 'executing' && connection.silent;

/** Nothing is sent through a disabled connection, and through changed settings only by batches that were made since. */
const connectionAttention = ({ batch, connection }: BatchView): string[] => [
  ...(connection.disabled ? ['connection_disabled'] : []),
  ...(connection.newestVersion > versionOf(batch) ? ['connection_changed'] : []),
];

const toWireCounts = (counter: CounterRow): WireBatch['counts'] => ({
  open: counter.open,
  unknown: counter.unknown,
  submitted: counter.submitted,
  paid: counter.paid,
  failed: counter.failed,
  returned: counter.returned,
  cancelled: counter.cancelled,
  excluded: counter.excluded,
  blocked: counter.blocked,
  was_unknown: counter.wasUnknown,
});
