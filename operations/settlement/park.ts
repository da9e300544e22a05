import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { Evidence, Folded } from './fold.js';

const ORDINALS_SHOWN = 100;

/**
 * Keeps evidence that does not fit and tells people of it: one exception a kind of doubt (R6). Evidence that was
 * parked before stays as it is, so that a sweep, a replay or a lookup that is answered the same again raises nothing twice.
 */
export const parkDoubtful = async (
  ctx: Context,
  stores: Stores,
  place: { batchId: string | null; connectionId: string },
  doubtful: Folded['doubtful'],
): Promise<void> => {
  const told = doubtful.flatMap((one) => {
    if (one.evidence.parkedId !== undefined) return [];
    return [{ ...one, row: parkedRow(ctx, place.connectionId, one.evidence, one.doubt) }];
  });
  const parked = await stores.parkedEvidence.park(told.map(({ row }) => row));
  const fresh = told.filter(({ row }) => parked.has(row.id));
  for (const doubt of new Set(fresh.map((one) => one.doubt))) {
    const ordinals = fresh.flatMap((one) => (one.doubt === doubt && one.ordinal !== null ? [one.ordinal] : []));
    await stores.exceptions.raise({
      kind: `evidence_${doubt}`,
      batchId: place.batchId ?? undefined,
      ordinal: ordinals.length === 1 ? ordinals[0] : undefined,
      detail: {
        connection_id: place.connectionId,
        count: fresh.filter((one) => one.doubt === doubt).length,
        ordinals: ordinals.slice(0, ORDINALS_SHOWN),
      },
    });
  }
};

const parkedRow = (ctx: Context, connectionId: string, evidence: Evidence, doubt: string) => ({
  id: ctx.services.entropy.newId(),
  connectionId,
  paymentKey: evidence.key,
  outcome: evidence.outcome,
  rank: evidence.rank,
  amount: evidence.amount,
  currency: evidence.currency,
  providerReference: evidence.providerReference,
  reason: doubt,
  inboundId: evidence.inboundId ?? null,
});
