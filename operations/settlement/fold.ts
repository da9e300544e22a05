import { fromItemId } from '../../domain/ids.js';
import { type EvidenceOutcome, reduceEvidence } from '../../domain/item/evidence.js';
import type { PaymentOutcome } from '../ports.js';
import type { BatchRow } from '../stores/batches.js';
import type { EvidenceItem } from '../stores/chunks.js';
import type { PricedMove } from './record.js';

/** One piece of evidence and the delivery it came in, if any. */
export interface Evidence extends PaymentOutcome {
  inboundId?: string | null;
  /** Row of parked evidence that is reduced again; resolved when it fits. */
  parkedId?: string;
}

/** Why evidence was set aside: it names nothing of ours, or contradicts what we sent. */
export type Doubt = 'unknown_payment' | 'never_sent' | 'amount_mismatch' | 'currency_mismatch' | 'connection_mismatch';

export interface Folded {
  moves: PricedMove[];
  doubtful: { evidence: Evidence; ordinal: number | null; doubt: Doubt }[];
  /** Evidence that fitted, whether or not it moved anything. */
  fitting: Evidence[];
}

/**
 * Folds evidence of one batch into its locked items (R6). Several pieces for one item make one move, to the
 * greatest of them. Pure; money follows from the moves.
 */
export const foldEvidence = (
  batch: Pick<BatchRow, 'id' | 'currency' | 'connectionId'>,
  connectionId: string,
  items: readonly EvidenceItem[],
  outcomes: readonly Evidence[],
  lookUpAfterMs: (outcome: EvidenceOutcome) => number | null,
): Folded => {
  const places = new Map(
    items.map((item) => [item.ordinal, { item, position: { state: item.state, rank: item.rank }, last: null as Evidence | null }]),
  );
  const folded: Folded = { moves: [], doubtful: [], fitting: [] };
  for (const evidence of outcomes) {
    const key = fromItemId(evidence.key);
    const place = key?.batchId === batch.id ? places.get(key.ordinal) : undefined;
    const doubt = place ? doubtOf(batch, connectionId, place.item, evidence) : 'unknown_payment';
    if (!place || doubt) {
      folded.doubtful.push({ evidence, ordinal: place?.item.ordinal ?? null, doubt: doubt ?? 'unknown_payment' });
      continue;
    }
    const reduction = reduceEvidence(place.position, evidence);
    if (reduction.kind === 'contrary') {
      folded.doubtful.push({ evidence, ordinal: place.item.ordinal, doubt: 'never_sent' });
      continue;
    }
    folded.fitting.push(evidence);
    if (reduction.kind === 'moved') {
      place.position = { state: reduction.to, rank: reduction.rank };
      place.last = evidence;
    }
  }
  for (const { item, last } of places.values()) {
    if (!last) continue;
    folded.moves.push({
      ordinal: item.ordinal,
      version: item.version,
      from: item.state,
      to: last.outcome,
      rank: last.rank,
      attempt: item.attempt,
      providerReference: last.providerReference,
      reason: last.reason,
      inboundId: last.inboundId ?? null,
      lookUpAfterMs: lookUpAfterMs(last.outcome),
      amount: item.amount,
    });
  }
  return folded;
};

const doubtOf = (batch: Pick<BatchRow, 'currency' | 'connectionId'>, connectionId: string, item: EvidenceItem, evidence: Evidence): Doubt | null => {
  if (batch.connectionId !== connectionId) return 'connection_mismatch';
  if (evidence.amount !== null && evidence.amount !== item.amount) return 'amount_mismatch';
  if (evidence.currency !== null && evidence.currency !== batch.currency) return 'currency_mismatch';
  return null;
};
