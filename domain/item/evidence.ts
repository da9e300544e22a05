import type { ItemState } from './states.js';

/** What a rail can say about an item, or what we know when it says nothing (`unknown`). */
export const EVIDENCE_OUTCOMES = ['unknown', 'submitted', 'failed', 'paid', 'returned'] as const;
export type EvidenceOutcome = (typeof EVIDENCE_OUTCOMES)[number];

/** One piece of evidence. `rank` is the rail's own order of events for this payment, ≥ 0; it is no clock. */
export interface Evidence {
  outcome: EvidenceOutcome;
  rank: number;
}

/** The part of an item that the fold needs: its state and the rank of the evidence that gave it. */
export interface ItemPosition {
  state: ItemState;
  rank: number;
}

export type Reduction =
  | { kind: 'moved'; to: EvidenceOutcome; rank: number }
  | { kind: 'unchanged' }
  /** The rail speaks of an item that we never sent, or withdrew: recorded, and an exception for people. */
  | { kind: 'contrary' };

const NEVER_SENT: readonly ItemState[] = ['pending', 'cancelled', 'excluded', 'blocked'];

/** Position in the order of the fold: a final word outranks an interim one; then the rail's rank; then the outcome. */
const WEIGHT: Readonly<Record<string, readonly [interim: number, order: number]>> = {
  submitting: [0, 0],
  unknown: [1, 0],
  submitted: [2, 0],
  failed: [3, 0],
  paid: [3, 1],
  returned: [3, 2],
};

/** −, 0 or + as `a` stands before, with or after `b`. A total order, which is what makes the fold commutative. */
const compare = (a: ItemPosition, b: ItemPosition): number => {
  const [aFinal, aOrder] = WEIGHT[a.state] as readonly [number, number];
  const [bFinal, bOrder] = WEIGHT[b.state] as readonly [number, number];
  // Interim words say nothing that a later one could undo, so their rank does not matter.
  if (aFinal !== bFinal || aFinal < 3) return aFinal - bFinal;
  return a.rank - b.rank || aOrder - bOrder;
};

/**
 * Folds one piece of evidence into an item: the state is the greatest evidence seen, so every order and every
 * repetition of the same evidence ends in the same state (R6). Total over all (state, evidence) pairs.
 */
export const reduceEvidence = (item: ItemPosition, evidence: Evidence): Reduction => {
  if (NEVER_SENT.includes(item.state)) return { kind: 'contrary' };
  const next = { state: evidence.outcome, rank: evidence.rank };
  if (compare(item, next) >= 0) return { kind: 'unchanged' };
  return { kind: 'moved', to: evidence.outcome, rank: evidence.rank };
};
