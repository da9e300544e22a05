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

/** Every edge there is. `returned → failed` is ours on top of R6: see docs/adr on the evidence order. */
export const ITEM_EDGES: Readonly<Record<ItemState, readonly ItemState[]>> = {
  pending: ['submitting', 'cancelled', 'excluded', 'blocked'],
  submitting: ['unknown', 'submitted', 'paid', 'failed', 'returned'],
  unknown: ['submitted', 'paid', 'failed', 'returned'],
  submitted: ['paid', 'failed', 'returned'],
  paid: ['returned', 'failed'],
  failed: ['paid', 'returned'],
  returned: ['paid', 'failed'],
  cancelled: [],
  excluded: [],
  blocked: [],
};

/** Nothing is owed to the rail any more; evidence may still move paid, failed and returned. */
export const TERMINAL_ITEM_STATES = ['paid', 'failed', 'returned', 'cancelled', 'excluded', 'blocked'] as const satisfies readonly ItemState[];

export const isTerminalItem = (state: ItemState): boolean => (TERMINAL_ITEM_STATES as readonly ItemState[]).includes(state);
