import { fromItemId } from '../../domain/ids.js';
import { type Evidence, type EvidenceOutcome, type MismatchedEvidence, reduceBatchEvidence } from '../../domain/item/evidence.js';
import { finishIfDone } from '../batch-state/finish.js';
import type { Context } from '../context.js';
import { raiseException } from '../exception/raise.js';
import type { Stores } from '../ports.js';
import type { BatchRow } from '../stores/batches.js';
import type { EvidenceItem } from '../stores/chunks.js';
import type { ParkedRow } from '../stores/parked-evidence.js';
import type { TransitionSource } from '../stores/transitions.js';
import { type PricedMove, recordMoves } from './record.js';

/** Evidence of payments of one batch. */
export interface BatchEvidence {
  batchId: string;
  /** The rail connection that the evidence comes from; it must be the one that the batch was sent on. */
  connectionId: string;
  source: TransitionSource;
  outcomes: readonly Evidence[];
}

export interface Settled {
  /** Items that moved. */
  moved: number;
  /** True when this transaction ended the batch. */
  finished: boolean;
}

/** Settles evidence in a transaction of its own: all of it, or nothing. */
export const settleEvidence = async (ctx: Context, evidence: BatchEvidence): Promise<void> => {
  await ctx.inTenant(async (stores) => {
    await applyEvidence(ctx, stores, evidence);
    await ctx.services.failpoint('before_commit');
  });
  await ctx.services.failpoint('after_commit');
};

/**
 * The one way from evidence to item states (R6): answers, lookups, webhooks and parked evidence all end here. Reduces any
 * number of outcomes of one batch into its items in the caller's transaction, posts what they owe, and ends the batch when
 * nothing is open any more (R8). What does not match is parked. Order and repetition of evidence make no difference.
 */
export const applyEvidence = async (ctx: Context, stores: Stores, { batchId, connectionId, source, outcomes }: BatchEvidence): Promise<Settled> => {
  const batch = await stores.batches.get(batchId);
  if (!batch) {
    await parkUnknown(ctx, stores, connectionId, outcomes);
    return { moved: 0, finished: false };
  }
  const lookUpAfterMs = await lookupDelays(ctx, stores, batch);
  const items = await stores.chunks.lockOrdinals(batchId, ordinalsOf(batchId, outcomes));
  const { moving, mismatched, matched } = reduceBatchEvidence(batch, connectionId, items, outcomes);

  let finished = false;
  if (moving.length > 0) {
    const moves = moving.map(({ item, evidence }) => moveOf(item, evidence, lookUpAfterMs(evidence.outcome)));
    const { counter, covered } = await recordMoves(ctx, stores, batch, { action: 'chunk.settle', source, moves });
    if (covered > 0n)
      await raiseException(ctx, stores, { kind: 'reversal_covered', batchId, detail: { covered: covered.toString(), currency: batch.currency } });
    finished = await finishIfDone(stores, batchId, counter);
  }
  await parkMismatched(ctx, stores, { batchId, connectionId }, mismatched);
  await stores.parkedEvidence.resolve(matched.flatMap((evidence) => evidence.parkedId ?? []));
  return { moved: moving.length, finished };
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
const lookupDelays = async (ctx: Context, stores: Stores, batch: BatchRow): Promise<(outcome: EvidenceOutcome) => number | null> => {
  const connection = await stores.railConnections.get(batch.connectionId);
  const rail = ctx.services.rails.get(batch.rail);
  if (!connection || !rail) throw new Error(`batch ${batch.id} names a rail or a rail connection that does not exist`);
  const { settlementMs } = rail.capabilities(connection);
  return (outcome) => {
    if (outcome === 'unknown') return FIRST_LOOKUP_MS;
    return outcome === 'submitted' ? settlementMs : null;
  };
};

const moveOf = (item: EvidenceItem, evidence: Evidence, lookUpAfterMs: number | null): PricedMove => ({
  ordinal: item.ordinal,
  version: item.version,
  from: item.state,
  to: evidence.outcome,
  rank: evidence.rank,
  attempt: item.attempt,
  providerReference: evidence.providerReference,
  reason: evidence.reason,
  inboundId: evidence.inboundId ?? null,
  lookUpAfterMs,
  amount: item.amount,
});

/** Parks evidence that names no batch of the workspace. */
export const parkUnknown = (ctx: Context, stores: Stores, connectionId: string, outcomes: readonly Evidence[]): Promise<void> =>
  parkMismatched(
    ctx,
    stores,
    { batchId: null, connectionId },
    outcomes.map((evidence) => ({ evidence, ordinal: null, mismatch: 'unknown_payment' })),
  );

/**
 * Stores evidence that does not match, and raises an exception of each kind of mismatch (R6). Evidence that was parked
 * before stays as it is, so a sweep, a replay or a lookup with the same answer raises nothing twice.
 */
const parkMismatched = async (
  ctx: Context,
  stores: Stores,
  place: { batchId: string | null; connectionId: string },
  mismatched: readonly MismatchedEvidence[],
): Promise<void> => {
  const candidates = mismatched.flatMap((one) =>
    one.evidence.parkedId === undefined ? [{ ...one, row: parkedRow(ctx, place.connectionId, one) }] : [],
  );
  const parked = await stores.parkedEvidence.park(candidates.map(({ row }) => row));
  const fresh = candidates.filter(({ row }) => parked.has(row.id));
  for (const mismatch of new Set(fresh.map((one) => one.mismatch))) {
    const ordinals = fresh.flatMap((one) => (one.mismatch === mismatch && one.ordinal !== null ? [one.ordinal] : []));
    await raiseException(ctx, stores, {
      kind: `evidence_${mismatch}`,
      batchId: place.batchId,
      connectionId: place.connectionId,
      ordinals,
      detail: { connection_id: place.connectionId },
    });
  }
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
 * Runs after every commit of outcomes and from the relay. Returns how many pieces were reduced again.
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
  for (const group of groups.values()) await ctx.inTenant((stores) => applyEvidence(ctx, stores, { ...group, source: 'webhook' }));
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
