import { type Actor, permissionsOf } from '../../domain/actors.js';
import {
  type BatchProof,
  PROOF_VERSION,
  type ProofAttempt,
  type ProofBatch,
  type ProofChallenge,
  type ProofContent,
  type ProofHold,
  type ProofTransition,
} from '../../domain/audit/proof.js';
import { toHex } from '../../domain/hashing.js';
import { toWireId } from '../../domain/ids.js';
import { type ItemTransition, stepsOf } from '../../domain/item/transitions.js';
import { holdersOf } from '../../domain/permissions.js';
import { ok, type Refusal, type Result, refuse } from '../../domain/result.js';
import { toGate, toTransfer } from '../audit/export.js';
import { type Context, refusedAndAudited } from '../context.js';
import { WAKE } from '../session/view.js';
import type { BatchView } from '../stores/batch-views.js';
import { type ContentRow, versionOf } from '../stores/batches.js';
import type { ChallengeRow } from '../stores/challenges.js';
import type { DispatchRow } from '../stores/dispatches.js';
import type { HoldRow } from '../stores/holds.js';
import type { RailConnectionRow } from '../stores/rail-connections.js';
import type { TransitionBlockRow } from '../stores/transitions.js';
import { proveEvents, readEvents } from './read-events.js';
import { readItems } from './read-items.js';

/** A proof is one document and has to fit in memory on both sides. */
const PROOF_ITEMS_MAX = 100_000;

const PAGE = 5_000;

/**
 * Everything that proves a batch, as one document that `client/verify/proof.ts` checks offline. Reads pages in the order in which
 * rows depend on each other: items, events, then the rows that name the events. With `reveal` it has names and account numbers, which nothing
 * but their own commitments needs; an event says who saw them, and is committed before anything is opened.
 *
 * Refuses with `not_found`, with `payload_too_large` when the batch has more than 100,000 items, or with `forbidden` (`reveal` without
 * `payees.reveal`).
 */
export const showProof = async (ctx: Context, { batch_id: id, reveal }: { batch_id: string; reveal: boolean }): Promise<Result<BatchProof>> => {
  const found = await ctx.inTenant(async (stores) => ({ view: await stores.batches.view(id), at: stores.now }));
  const { view } = found;
  if (!view) return refuse('not_found', 'There is no such batch.');
  if (!view.content) return refuse('not_found', 'This batch was not received whole, so there is nothing to prove of it.');
  const size = view.content.size;
  if (size > PROOF_ITEMS_MAX)
    return refuse(
      'payload_too_large',
      `The proof of a batch is one document of up to ${PROOF_ITEMS_MAX} items; this batch has ${size}. Take the audit export and page through its items.`,
    );

  const refusal = reveal ? await noteReveal(ctx, id, size) : null;
  if (refusal) return { ok: false, refusal };

  const items = await readItems(ctx, id, size, { reveal });
  const events = await readEvents(ctx, id);
  const transitions = await all((after: { ordinal: number; version: number } | null) =>
    ctx.inTenant(({ transitions }) => transitions.ofBatch(id, after, PAGE)),
  );
  const blocks = await all((after: { eventId: string } | null) =>
    ctx.inTenant(({ transitions }) => transitions.blocks(id, after?.eventId ?? null, PAGE)),
  );
  const transfers = await all((after: { id: string } | null) =>
    ctx.inTenant((stores) => stores.transfers.inOrder({ batchId: id, after: after?.id ?? null, limit: PAGE })),
  );
  const rest = await ctx.inTenant(async (stores) => ({
    contents: await contentsOf(view.control.contentVersion, (version) => stores.batches.content(id, version)),
    holds: await stores.holds.ofBatch(id),
    preparers: await stores.batches.preparations(id),
    challenges: await stores.challenges.ofBatch(id),
    gates: await stores.gates.all(id),
    dispatches: await stores.dispatches.ofBatch(id),
    connection: await stores.railConnections.get(view.batch.connectionId, versionOf(view.batch)),
  }));
  const proven = await proveEvents(ctx, events);
  const later = await readEvents(ctx, id);
  return ok({
    object: 'evidence',
    version: PROOF_VERSION,
    exported_at: found.at.toISOString(),
    at_rest: later.length === events.length,
    revealed: reveal,
    batch: batchToProof(ctx, view, rest.connection),
    contents: rest.contents.map(contentToProof),
    items,
    ...proven,
    transitions: [...transitions, ...blocks.flatMap(stepsOfBlock)].map(transitionToProof),
    transfers: transfers.map(toTransfer),
    holds: rest.holds.map(holdToProof),
    preparers: rest.preparers.map((row) => ({ person_id: row.personId, deed: row.action, created_at: row.createdAt.toISOString() })),
    challenges: rest.challenges.map(challengeToProof),
    gates: rest.gates.map(toGate),
    attempts: rest.dispatches.map(dispatchToProof),
  });
};

/**
 * Writes that the caller sees the account numbers of a batch, or is refused that. The event stands under the workspace: under the batch, every proof
 * would have an event that no checkpoint covers yet.
 */
const noteReveal = (ctx: Context, batchId: string, items: number): Promise<Refusal | null> =>
  ctx.inTenant(async (stores) => {
    const subject = { type: 'workspace', id: ctx.tenantId } as const;
    const entry = { subject, action: 'evidence.reveal', detail: { batch_id: toWireId('batch', batchId), items } };
    if (!permissionsOf(ctx.actor).includes('payees.reveal')) return (await refusedAndAudited(stores, entry, mayNotReveal(ctx.actor))).refusal;
    await stores.audit.append({ ...entry, result: 'ok' });
    return null;
  });

const mayNotReveal = (actor: Actor): Refusal => {
  const sleeps = actor.type === 'user' && (actor.sleeping ?? []).includes('payees.reveal');
  const why = sleeps
    ? `which sleeps, because you signed in without a second factor. ${WAKE}`
    : `which ${holdersOf('payees.reveal')} has, and no API key. Without reveal the evidence proves all but them.`;
  return refuse('forbidden', `Names and account numbers need payees.reveal, ${why}`, {
    extra: { permission: 'payees.reveal', ...(sleeps ? { sleeps: true } : {}) },
  }).refusal;
};

const all = async <Row>(page: (after: Row | null) => Promise<Row[]>): Promise<Row[]> => {
  const rows: Row[] = [];
  for (;;) {
    const next = await page(rows.at(-1) ?? null);
    rows.push(...next);
    if (next.length < PAGE) return rows;
  }
};

const contentsOf = async (newest: number, read: (version: number) => Promise<ContentRow | null>): Promise<ContentRow[]> => {
  const contents: ContentRow[] = [];
  for (let version = 1; version <= newest; version++) {
    const content = await read(version);
    if (content) contents.push(content);
  }
  return contents;
};

const contentToProof = (row: ContentRow): ProofContent => ({
  content_version: row.contentVersion,
  size: row.size,
  count: row.count,
  total: row.total.toString(),
  root: toHex(row.root),
  digest: toHex(row.digest),
});

const batchToProof = (ctx: Context, { batch, control }: BatchView, connection: RailConnectionRow | null): ProofBatch => ({
  id: batch.id,
  tenant_id: ctx.tenantId,
  mode: ctx.mode,
  external_id: batch.externalId,
  description: batch.description,
  rail: batch.rail,
  connection_id: batch.connectionId,
  connection_version: batch.connectionVersion,
  connection_settings: batch.connectionVersion === null ? null : (connection?.settings ?? null),
  funding_account_id: batch.fundingAccountId,
  currency: batch.currency,
  chunk_size: batch.chunkSize,
  fee_bearer: batch.feeBearer,
  fee_maximum: batch.feeMaximum.toString(),
  execute_not_before: batch.executeNotBefore?.toISOString() ?? null,
  execute_by: batch.executeBy?.toISOString() ?? null,
  source: { type: batch.source, sha256: batch.sourceSha256 ? toHex(batch.sourceSha256) : null },
  created_at: batch.createdAt.toISOString(),
  state: control.state,
  outcome: control.outcome,
  content_version: control.contentVersion,
});

const stepsOfBlock = ({ body, eventId, createdAt }: TransitionBlockRow) => stepsOf(body).map((step) => ({ ...step, eventId, createdAt }));

const transitionToProof = (row: ItemTransition & Pick<TransitionBlockRow, 'eventId' | 'createdAt'>): ProofTransition => ({
  ordinal: row.ordinal,
  version: row.version,
  from: row.from,
  to: row.to,
  rank: row.rank,
  source: row.source,
  inbound_id: row.inboundId,
  provider_reference: row.providerReference,
  reason: row.reason,
  event_id: row.eventId,
  created_at: row.createdAt.toISOString(),
});

const holdToProof = (row: HoldRow): ProofHold => ({
  id: row.id,
  content_version: row.contentVersion,
  account_id: row.accountId,
  amount: row.amount.toString(),
  remaining: row.remaining.toString(),
  resolved_at: row.resolvedAt?.toISOString() ?? null,
});

const challengeToProof = (row: ChallengeRow): ProofChallenge => ({
  id: row.id,
  person_id: row.personId,
  gate: row.gate,
  content_version: row.contentVersion,
  digest: toHex(row.digest),
  expires_at: row.expiresAt.toISOString(),
  used_at: row.usedAt?.toISOString() ?? null,
  cancelled_at: row.cancelledAt?.toISOString() ?? null,
});

const dispatchToProof = (row: DispatchRow): ProofAttempt => ({
  chunk: row.chunk,
  attempt: row.attempt,
  connection_id: row.connectionId,
  renderer_version: row.rendererVersion,
  request_hash: toHex(row.artefactHash),
  item_count: row.itemCount,
  created_at: row.createdAt.toISOString(),
  purpose: row.purpose,
  first_ordinal: row.firstOrdinal,
  end_ordinal: row.endOrdinal,
  set_aside: row.setAside ? toHex(row.setAside) : null,
  connection_version: row.connectionVersion,
  event_id: row.eventId,
  sent_from: row.sentFrom.toISOString(),
  lease_until: row.leaseUntil.toISOString(),
});
