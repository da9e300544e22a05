import { fromItemId } from '../../domain/ids.js';
import type { Context } from '../context.js';
import type { ParkedRow } from '../stores/parked-evidence.js';
import { applyOutcomes } from './apply.js';
import type { Evidence } from './fold.js';

const PARKED_MAX = 1_024;

/**
 * Reduces parked evidence that has found its item meanwhile (R6): a webhook can overtake our own commit. Run after
 * every commit of outcomes and by a sweep. Answers how many pieces were taken up.
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
  for (const group of groups.values()) await ctx.inTenant((stores) => applyOutcomes(ctx, stores, { ...group, source: 'webhook' }));
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
