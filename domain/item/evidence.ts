import { fromItemId } from '../ids.js';
import type { ItemState } from './states.js';

/** What a rail can say about an item, or what we know when it says nothing (`unknown`). */
export const EVIDENCE_OUTCOMES = ['unknown', 'submitted', 'failed', 'paid', 'returned'] as const;
export type EvidenceOutcome = (typeof EVIDENCE_OUTCOMES)[number];

/** What a rail says about one payment. */
export interface PaymentOutcome {
  /** Item id: the idempotency key at the provider. */
  key: string;
  outcome: EvidenceOutcome;
  /** The rail's own order of events for this payment, ≥ 0; 0 for what we only infer. It is no clock. */
  rank: number;
  providerReference: string | null;
  /** Code of a failure or a return, or why nothing is known; no personal data. */
  reason: string | null;
  /** Minor units. As the rail stated it, null where it did not; evidence must match what was sent (R6). */
  amount: bigint | null;
  currency: string | null;
}

/** The outcome of a payment that nobody has said anything about: it may have been taken in or not. */
export const unknownOutcome = (key: string, reason: string): PaymentOutcome => ({
  key,
  outcome: 'unknown',
  rank: 0,
  providerReference: null,
  reason,
  amount: null,
  currency: null,
});

/** One piece of evidence, and where it was stored before it came here. */
export interface Evidence extends PaymentOutcome {
  /** The delivery that it came in. */
  inboundId?: string | null;
  /** The row of parked evidence that is reduced again; it is resolved when the evidence matches. */
  parkedId?: string;
}

/** The part of an item that evidence is compared with: its state and the rank of the evidence that gave it. */
export interface ItemPosition {
  state: ItemState;
  rank: number;
}

export type Reduction =
  | { kind: 'moved'; to: EvidenceOutcome; rank: number }
  | { kind: 'unchanged' }
  /** The rail speaks of an item that was never sent, or was cancelled before. */
  | { kind: 'never_sent' };

const NEVER_SENT: readonly ItemState[] = ['pending', 'cancelled', 'excluded', 'blocked'];

/** The order of evidence (ADR 0002): a final word outranks an interim one; then the rail's rank decides, then the outcome. */
const WEIGHT: Readonly<Record<string, readonly [interim: number, order: number]>> = {
  submitting: [0, 0],
  unknown: [1, 0],
  submitted: [2, 0],
  failed: [3, 0],
  paid: [3, 1],
  returned: [3, 2],
};

/** Below, at or above 0 as `a` stands before, with or after `b`. The order is total, so the order of arrival makes no difference. */
const compare = (a: ItemPosition, b: ItemPosition): number => {
  const [aFinal, aOrder] = WEIGHT[a.state] as readonly [number, number];
  const [bFinal, bOrder] = WEIGHT[b.state] as readonly [number, number];
  // Interim words say nothing that a later one could undo, so their rank does not matter.
  if (aFinal !== bFinal || aFinal < 3) return aFinal - bFinal;
  return a.rank - b.rank || aOrder - bOrder;
};

/**
 * Reduces one piece of evidence into the state of an item: the greatest evidence that was seen, so every order and every
 * repetition of the same evidence ends in the same state (R6). Total over all (state, evidence) pairs.
 */
export const reduceEvidence = (item: ItemPosition, evidence: Pick<Evidence, 'outcome' | 'rank'>): Reduction => {
  if (NEVER_SENT.includes(item.state)) return { kind: 'never_sent' };
  const next = { state: evidence.outcome, rank: evidence.rank };
  if (compare(item, next) >= 0) return { kind: 'unchanged' };
  return { kind: 'moved', to: evidence.outcome, rank: evidence.rank };
};

/** Why evidence is parked instead of reduced: it names nothing of ours, or contradicts what we sent. */
export type Mismatch = 'unknown_payment' | 'never_sent' | 'amount_mismatch' | 'currency_mismatch' | 'connection_mismatch';

/** A locked item, as far as evidence needs it. */
export interface LockedItem extends ItemPosition {
  ordinal: number;
  /** Minor units. */
  amount: bigint;
  /** The provider's own id of the payment, once it has told one. */
  providerReference: string | null;
}

/** Evidence that does not match, with the item that it names, if there is one. */
export interface MismatchedEvidence {
  evidence: Evidence;
  ordinal: number | null;
  mismatch: Mismatch;
}

export interface ReducedEvidence<Item> {
  /** Items that move, each with the evidence that it moves to. */
  moving: { item: Item; evidence: Evidence }[];
  mismatched: MismatchedEvidence[];
  /** Evidence that matched, whether or not it moves anything. */
  matched: Evidence[];
  /** Ordinals under whose key the provider names a second payment: it may have paid twice. */
  paidTwice: number[];
}

/**
 * Reduces evidence of one rail connection into locked items of one batch (R6). Several pieces for one item make one move,
 * to the greatest of them.
 */
export const reduceBatchEvidence = <Item extends LockedItem>(
  batch: { id: string; currency: string; connectionId: string },
  connectionId: string,
  items: readonly Item[],
  pieces: readonly Evidence[],
): ReducedEvidence<Item> => {
  const places = new Map(
    items.map((item) => [
      item.ordinal,
      { item, position: { state: item.state, rank: item.rank }, last: null as Evidence | null, reference: item.providerReference },
    ]),
  );
  const matched: Evidence[] = [];
  const mismatched: MismatchedEvidence[] = [];
  const paidTwice = new Set<number>();
  for (const evidence of pieces) {
    const key = fromItemId(evidence.key);
    const place = key?.batchId === batch.id ? places.get(key.ordinal) : undefined;
    const mismatch = place ? mismatchOf(batch, connectionId, place.item, evidence) : 'unknown_payment';
    if (!place || mismatch) {
      mismatched.push({ evidence, ordinal: place?.item.ordinal ?? null, mismatch: mismatch ?? 'unknown_payment' });
      continue;
    }
    const reduction = reduceEvidence(place.position, evidence);
    if (reduction.kind === 'never_sent') {
      mismatched.push({ evidence, ordinal: place.item.ordinal, mismatch: 'never_sent' });
      continue;
    }
    matched.push(evidence);
    if (evidence.providerReference !== null) {
      if (place.reference !== null && place.reference !== evidence.providerReference) paidTwice.add(place.item.ordinal);
      place.reference ??= evidence.providerReference;
    }
    if (reduction.kind === 'moved') {
      place.position = { state: reduction.to, rank: reduction.rank };
      place.last = evidence;
    }
  }
  const moving = [...places.values()].flatMap(({ item, last }) => (last ? [{ item, evidence: last }] : []));
  return { moving, mismatched, matched, paidTwice: [...paidTwice] };
};

/**
 * Ordinals of items with a final state that no rail gave (rank 0), against which these pieces of evidence speak. Whether people gave that
 * state is for the caller to find out.
 */
export const spokenAgainst = (batchId: string, items: readonly LockedItem[], pieces: readonly Evidence[]): number[] => {
  const settled = new Map(items.flatMap((item) => (item.rank === 0 && FINAL.includes(item.state) ? [[item.ordinal, item] as const] : [])));
  if (settled.size === 0) return [];
  const against = pieces.flatMap((evidence) => {
    const key = fromItemId(evidence.key);
    const item = key?.batchId === batchId ? settled.get(key.ordinal) : undefined;
    return item && contradicts(item, evidence) ? [item.ordinal] : [];
  });
  return [...new Set(against)];
};

const FINAL: readonly ItemState[] = ['paid', 'failed'];

const contradicts = (item: LockedItem, { outcome, providerReference }: Evidence): boolean => {
  if (item.state === 'failed') return outcome === 'submitted' || outcome === 'paid' || outcome === 'returned';
  const otherPayment = providerReference !== null && item.providerReference !== null && providerReference !== item.providerReference;
  return outcome === 'failed' || otherPayment;
};

const mismatchOf = (
  batch: { currency: string; connectionId: string },
  connectionId: string,
  item: LockedItem,
  evidence: Evidence,
): Mismatch | null => {
  if (batch.connectionId !== connectionId) return 'connection_mismatch';
  if (evidence.amount !== null && evidence.amount !== item.amount) return 'amount_mismatch';
  if (evidence.currency !== null && evidence.currency !== batch.currency) return 'currency_mismatch';
  return null;
};
