import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { Evidence, Folded } from './fold.js';

const ORDINALS_SHOWN = 100;

/**
 * Keeps evidence that does not fit and tells people of it: one exception a kind of doubt (R6). Evidence that was
 * parked before stays as it is, so that a sweep raises nothing twice.
 */
export const parkDoubtful = async (
  ctx: Context,
  stores: Stores,
  place: { batchId: string | null; connectionId: string },
  doubtful: Folded['doubtful'],
): Promise<void> => {
  const fresh = doubtful.filter(({ evidence }) => evidence.parkedId === undefined);
  if (fresh.length === 0) return;
  await stores.parked.park(fresh.map(({ evidence, doubt }) => parkedRow(ctx, place.connectionId, evidence, doubt)));
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
