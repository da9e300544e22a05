import { fromItemId } from '../../domain/ids.js';
import type { EvidenceOutcome } from '../../domain/item/evidence.js';
import type { Context } from '../context.js';
import { finishIfDone } from '../payout-batch/finish.js';
import type { Stores } from '../ports.js';
import type { BatchRow } from '../stores/batches.js';
import type { TransitionSource } from '../stores/transitions.js';
import { type Evidence, type Folded, foldEvidence } from './fold.js';
import { parkDoubtful } from './park.js';
import { recordMoves } from './record.js';

export interface Settlement {
  batchId: string;
  /** Where the evidence comes from; it must be the connection that the batch was sent on. */
  connectionId: string;
  source: TransitionSource;
  outcomes: readonly Evidence[];
}

export interface Applied {
  moved: number;
  parked: number;
  /** True when this transaction ended the batch. */
  finished: boolean;
}

/** A lost answer is asked for soon; later questions back off (operations/chunk/resolve.ts). */
const FIRST_LOOKUP_MS = 1_000;

/**
 * The one reducer of evidence (R6): answers, lookups, webhooks and parked evidence all end here. Folds any number
 * of outcomes of one batch into its items in the caller's transaction, posts what they owe, and ends the batch when
 * nothing is open any more (R8). Order and repetition of evidence make no difference.
 */
export const applyOutcomes = async (ctx: Context, stores: Stores, settlement: Settlement): Promise<Applied> => {
  const { batchId, connectionId, source, outcomes } = settlement;
  const batch = await stores.batches.get(batchId);
  if (!batch) {
    const doubtful: Folded['doubtful'] = outcomes.map((evidence) => ({ evidence, ordinal: null, doubt: 'unknown_payment' }));
    await parkDoubtful(ctx, stores, { batchId: null, connectionId }, doubtful);
    return { moved: 0, parked: doubtful.length, finished: false };
  }
  const delays = await lookupDelays(ctx, stores, batch);
  const items = await stores.chunks.lockOrdinals(batchId, ordinalsOf(batchId, outcomes));
  const folded = foldEvidence(batch, connectionId, items, outcomes, delays);

  let finished = false;
  if (folded.moves.length > 0) {
    const { counter, covered } = await recordMoves(ctx, stores, batch, { action: 'chunk.settle', source, moves: folded.moves });
    if (covered > 0n)
      await stores.exceptions.raise({ kind: 'reversal_covered', batchId, detail: { covered: covered.toString(), currency: batch.currency } });
    finished = await finishIfDone(stores, batchId, counter);
  }
  await parkDoubtful(ctx, stores, { batchId, connectionId }, folded.doubtful);
  await stores.parkedEvidence.resolve(folded.fitting.flatMap((evidence) => evidence.parkedId ?? []));
  return { moved: folded.moves.length, parked: folded.doubtful.length, finished };
};

const ordinalsOf = (batchId: string, outcomes: readonly Evidence[]): number[] => [
  ...new Set(
    outcomes.flatMap(({ key }) => {
      const place = fromItemId(key);
      return place?.batchId === batchId ? [place.ordinal] : [];
    }),
  ),
];

/** When an item is asked for that has no final word yet: the rail says how long settlement takes. */
const lookupDelays = async (ctx: Context, stores: Stores, batch: BatchRow): Promise<(outcome: EvidenceOutcome) => number | null> => {
  const connection = await stores.railConnections.get(batch.connectionId);
  const rail = ctx.services.rails.get(batch.rail);
  if (!connection || !rail) throw new Error(`batch ${batch.id} names a rail or connection that is not there`);
  const { settlementMs } = rail.capabilities(connection);
  return (outcome) => {
    if (outcome === 'unknown') return FIRST_LOOKUP_MS;
    return outcome === 'submitted' ? settlementMs : null;
  };
};
