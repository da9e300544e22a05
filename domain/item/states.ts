/** States of a payout item (R6). */
export const ITEM_STATES = [
  'pending',
  'submitting',
  'unknown',
  'submitted',
  'paid',
  'failed',
  'returned',
  'cancelled',
  'excluded',
  'blocked',
] as const;

export type ItemState = (typeof ITEM_STATES)[number];

/**
 * Every edge of an item. The total order of evidence needs `returned → failed` (ADR 0002), and an edge of each final state to itself: a rail
 * may say the same once more with a higher rank, and the rank counts against what comes later.
 */
export const ITEM_EDGES: Readonly<Record<ItemState, readonly ItemState[]>> = {
  pending: ['submitting', 'cancelled', 'excluded', 'blocked'],
  submitting: ['unknown', 'submitted', 'paid', 'failed', 'returned'],
  unknown: ['submitted', 'paid', 'failed', 'returned'],
  submitted: ['paid', 'failed', 'returned'],
  paid: ['paid', 'returned', 'failed'],
  failed: ['failed', 'paid', 'returned'],
  returned: ['returned', 'paid', 'failed'],
  cancelled: [],
  excluded: [],
  blocked: [],
};

/** The provider may have it, or has it, and has said nothing final about it. */
export const isOpenAtRail = (state: ItemState): boolean => state === 'submitting' || state === 'unknown' || state === 'submitted';

/** States that are final for the batch. Evidence may still move an item between paid, failed and returned. */
export const TERMINAL_ITEM_STATES = ['paid', 'failed', 'returned', 'cancelled', 'excluded', 'blocked'] as const satisfies readonly ItemState[];

export const isTerminalItem = (state: ItemState): boolean => (TERMINAL_ITEM_STATES as readonly ItemState[]).includes(state);

/** It may be at the rail, and nobody knows: no answer to it was ever heard. */
export const isInDoubt = (state: ItemState): boolean => state === 'submitting' || state === 'unknown';
