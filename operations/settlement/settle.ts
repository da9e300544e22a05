import { chunkOf } from '../../domain/batch/content.js';
import type { ExceptionKind } from '../../domain/exceptions.js';
import { fromItemId } from '../../domain/ids.js';
import { stateUnder } from '../../domain/item/coverage.js';
import { type Evidence, type MismatchedEvidence, reduceBatchEvidence, spokenAgainst } from '../../domain/item/evidence.js';
import { isTerminalItem } from '../../domain/item/states.js';
import { finishPayoutBatch } from '../batch-state/finish.js';
import type { Context } from '../context.js';
import { endSettled, openException, type Raising } from '../exception/raise.js';
import type { Stores } from '../ports.js';
import { type BatchRow, versionOf } from '../stores/batches.js';
import type { EvidenceItem, LookUpDelays } from '../stores/chunks.js';
import type { ParkedRow } from '../stores/parked-evidence.js';
import type { TransitionSource } from '../stores/transitions.js';
import { NEVER, type PricedStep, recordSteps } from './record.js';

/** Evidence of payments of one batch. */
export interface BatchEvidence {
  batchId: string;
  /** The rail connection that the evidence comes from; it must be the one that the batch was sent on. */
  connectionId: string;
  source: TransitionSource;
  outcomes: readonly Evidence[];
  /** How the exceptions about its items end. Left out: `by_evidence`. */
  resolution?: string;
}

export interface Settled {
  /** Items that moved. */
  moved: number;
  /** True when the items that moved were the last open ones: the batch may end, in a transaction of its own. */
  lastOpen: boolean;
  /** Whether evidence about the batch was parked before (`reduceParked`). */
  parked: boolean;
}

/**
 * Settles evidence in a transaction of its own, all of it or nothing, and ends the batch when nothing is open any more. Answers how many
 * items moved, whether this call ended the batch, and whether evidence about the batch is parked (`reduceParked`).
 */
export const settleEvidence = async (ctx: Context, evidence: BatchEvidence): Promise<{ moved: number; finished: boolean; parked: boolean }> => {
  const { moved, lastOpen, parked } = await ctx.inTenant(async (stores) => {
    const settled = await applyEvidence(ctx, stores, evidence);
    await ctx.services.failpoint('before_commit');
    return settled;
  });
  await ctx.services.failpoint('after_commit');
  return { moved, parked, finished: lastOpen && (await finishPayoutBatch(ctx, evidence.batchId)) };
};

/**
 * The one way from evidence to item states (R6): answers, lookups, webhooks and parked evidence all end here. Reduces any
 * number of outcomes of one batch into its items in the caller's transaction, and posts what they owe (R8). What does not match is
 * parked. Order and repetition of evidence make no difference. After the last open item a message wakes the run, which ends the batch.
 */
export const applyEvidence = async (ctx: Context, stores: Stores, evidence: BatchEvidence): Promise<Settled> => {
  const { batchId, connectionId, source, outcomes, resolution = 'by_evidence' } = evidence;
  const batch = await stores.batches.get(batchId);
  if (!batch) {
    await parkUnknown(ctx, stores, connectionId, outcomes);
    return { moved: 0, lastOpen: false, parked: false };
  }
  const [items, parked] = await Promise.all([
    lockEvidenceItems(stores, batch, ordinalsOf(batchId, outcomes)),
    stores.parkedEvidence.hasAbout(batchId),
  ]);
  const { moving, mismatched, matched, paidTwice } = reduceBatchEvidence(batch, connectionId, items, outcomes);

  const byPeople = source === 'person' ? [] : await settledByPeople(stores, batchId, spokenAgainst(batchId, items, matched));
  const raisings: Raising[] = [
    // Evidence against what two people said reopens it loudly; what is no matter of theirs may be a second payment.
    ...about('resolution_contradicted', { batchId, connectionId }, byPeople),
    ...about(
      'paid_twice_at_provider',
      { batchId, connectionId },
      paidTwice.filter((ordinal) => !byPeople.includes(ordinal)),
    ),
    ...(await parkMismatched(ctx, stores, { batchId, connectionId }, mismatched)),
  ];
  let alerts: (() => Promise<void>)[] = [];
  let open = 0;
  if (moving.length > 0) {
    const lookUp = moving.every(({ evidence }) => isTerminalItem(evidence.outcome)) ? NEVER : await lookUpDelays(ctx, stores, batch);
    const recording = { action: 'chunk.settle', source, steps: moving.map(stepOf), lookUp } as const;
    const recorded = await recordSteps(ctx, stores, batch, recording, async (covered) => {
      const detail = { covered: covered.toString(), currency: batch.currency };
      alerts = await raiseAll(ctx, stores, covered > 0n ? [{ kind: 'reversal_covered', batchId, detail }, ...raisings] : raisings);
      // Whoever ends the doubt of an item, it waits for people no longer.
      const known = moving.flatMap(({ item }) =>
        item.state === 'unknown' || item.state === 'submitted' || source === 'person' ? [item.ordinal] : [],
      );
      if (known.length > 0) alerts.push(await endSettled(stores, { batchId, ordinals: known, resolution }));
    });
    open = recorded.open;
  } else alerts = await raiseAll(ctx, stores, raisings);
  for (const alert of alerts) await alert();

  const lastOpen = open === 0 && moving.some(({ item, evidence }) => !isTerminalItem(item.state) && isTerminalItem(evidence.outcome));
  if (lastOpen) await stores.outbox.add({ batchId, message: 'batch_changed' });
  await stores.parkedEvidence.resolve(matched.flatMap((evidence) => evidence.parkedId ?? []));
  return { moved: moving.length, lastOpen, parked };
};

const settledByPeople = async (stores: Stores, batchId: string, ordinals: readonly number[]): Promise<number[]> =>
  ordinals.length === 0 ? [] : stores.proposals.settledByPeople(batchId, ordinals);

const about = (kind: ExceptionKind, place: { batchId: string | null; connectionId: string }, ordinals: readonly number[]): Raising[] =>
  ordinals.length === 0 ? [] : [{ kind, ...place, ordinals, detail: { connection_id: place.connectionId } }];

/** All exceptions before all audit events (R8): answers what writes the events. */
const raiseAll = async (ctx: Context, stores: Stores, raisings: readonly Raising[]): Promise<(() => Promise<void>)[]> => {
  const alerts: (() => Promise<void>)[] = [];
  for (const raising of raisings) alerts.push((await openException(ctx, stores, raising)).alert);
  return alerts;
};

/** Items under the locks of their chunks, in the states that their dispatches give them. */
export const lockEvidenceItems = async (stores: Stores, batch: BatchRow, ordinals: readonly number[]): Promise<EvidenceItem[]> => {
  const chunks = [...new Set(ordinals.map((ordinal) => chunkOf(ordinal, batch.chunkSize)))];
  // One round trip: Postgres runs them in this order, so the two reads see what is there once the locks are held.
  const [, dispatches, items] = await Promise.all([
    stores.chunks.lockToSettle(batch.id, chunks),
    stores.dispatches.ofChunks(batch.id, chunks),
    stores.chunks.evidenceItems(batch.id, ordinals),
  ]);
  return items.map((item) => ({
    ...item,
    state: stateUnder(
      item,
      dispatches.filter(({ chunk }) => chunk === chunkOf(item.ordinal, batch.chunkSize)),
    ),
  }));
};

const ordinalsOf = (batchId: string, outcomes: readonly Evidence[]): number[] => [
  ...new Set(
    outcomes.flatMap(({ key }) => {
      const place = fromItemId(key);
      return place?.batchId === batchId ? [place.ordinal] : [];
    }),
  ),
];

/** A payment whose answer was lost is looked up soon; later lookups back off (operations/chunk/resolve.ts). */
const FIRST_LOOKUP_MS = 1_000;

/** When an item that has no final word yet is looked up: the rail says how long settlement takes. */
const lookUpDelays = async (ctx: Context, stores: Stores, batch: BatchRow): Promise<LookUpDelays> => {
  const connection = await stores.railConnections.get(batch.connectionId, versionOf(batch));
  const rail = ctx.services.rails.get(batch.rail);
  if (!connection || !rail) throw new Error(`batch ${batch.id} names a rail or a rail connection that does not exist`);
  return { unknownMs: FIRST_LOOKUP_MS, submittedMs: rail.capabilities(connection).settlementMs };
};

const stepOf = ({ item, evidence }: { item: EvidenceItem; evidence: Evidence }): PricedStep => ({
  ordinal: item.ordinal,
  version: item.version + 1,
  from: item.state,
  to: evidence.outcome,
  rank: evidence.rank,
  providerReference: evidence.providerReference,
  reason: evidence.reason,
  inboundId: evidence.inboundId ?? null,
  amount: item.amount,
});

/** Parks evidence that names no batch of the workspace. */
export const parkUnknown = async (ctx: Context, stores: Stores, connectionId: string, outcomes: readonly Evidence[]): Promise<void> => {
  const mismatched = outcomes.map((evidence) => ({ evidence, ordinal: null, mismatch: 'unknown_payment' as const }));
  const alerts = await raiseAll(ctx, stores, await parkMismatched(ctx, stores, { batchId: null, connectionId }, mismatched));
  for (const alert of alerts) await alert();
};

/**
 * Stores evidence that does not match, and answers an exception for each kind of mismatch (R6). Evidence that was parked before stays as
 * it is, so a sweep, a replay or a lookup with the same answer raises nothing twice.
 */
const parkMismatched = async (
  ctx: Context,
  stores: Stores,
  place: { batchId: string | null; connectionId: string },
  mismatched: readonly MismatchedEvidence[],
): Promise<Raising[]> => {
  const candidates = mismatched.flatMap((one) =>
    one.evidence.parkedId === undefined ? [{ ...one, row: parkedRow(ctx, place.connectionId, one) }] : [],
  );
  const parked = await stores.parkedEvidence.park(candidates.map(({ row }) => row));
  const fresh = candidates.filter(({ row }) => parked.has(row.id));
  const kinds = [...new Set(fresh.map((one) => one.mismatch))].sort();
  return kinds.map((mismatch) => ({
    kind: `evidence_${mismatch}`,
    ...place,
    ordinals: fresh.flatMap((one) => (one.mismatch === mismatch && one.ordinal !== null ? [one.ordinal] : [])),
    detail: { connection_id: place.connectionId },
  }));
};

const parkedRow = (ctx: Context, connectionId: string, { evidence, mismatch }: MismatchedEvidence): ParkedRow => ({
  id: ctx.services.entropy.newId(),
  connectionId,
  paymentKey: evidence.key,
  outcome: evidence.outcome,
  rank: evidence.rank,
  amount: evidence.amount,
  currency: evidence.currency,
  providerReference: evidence.providerReference,
  reason: mismatch,
  inboundId: evidence.inboundId ?? null,
});

const PARKED_MAX = 1_024;

/**
 * Reduces parked evidence whose item has been sent meanwhile (R6): a webhook can overtake the commit of our own intent.
 * Runs after a chunk was settled of whose batch some is parked, after lookups, and from the relay. Returns how many pieces were reduced again.
 */
export const reduceParked = async (ctx: Context): Promise<number> => {
  const due = await ctx.inTenant((stores) => stores.parkedEvidence.due(PARKED_MAX));
  const groups = new Map<string, { batchId: string; connectionId: string; outcomes: Evidence[] }>();
  for (const row of due) {
    const batchId = fromItemId(row.paymentKey)?.batchId;
    if (!batchId) continue;
    const group = groups.get(`${batchId} ${row.connectionId}`) ?? { batchId, connectionId: row.connectionId, outcomes: [] };
    group.outcomes.push(evidenceOf(row));
    groups.set(`${batchId} ${row.connectionId}`, group);
  }
  for (const group of groups.values()) await settleEvidence(ctx, { ...group, source: 'webhook' });
  return due.length;
};

const evidenceOf = (row: ParkedRow): Evidence => ({
  key: row.paymentKey,
  outcome: row.outcome,
  rank: row.rank,
  providerReference: row.providerReference,
  reason: null,
  amount: row.amount,
  currency: row.currency,
  inboundId: row.inboundId,
  parkedId: row.id,
});
