/** States of a payout batch. People see a batch in `receiving` once a workflow takes its file in; before that only its own upload does (R19). */
export const BATCH_STATES = [
  'receiving',
  'draft',
  'queued',
  'approved',
  'authorized',
  'executing',
  'completed',
  'failed',
  'rejected',
  'cancelled',
  'expired',
  'refused',
] as const;

export type BatchState = (typeof BATCH_STATES)[number];

const BEFORE_EXECUTING = ['receiving', 'draft', 'queued', 'approved', 'authorized'] as const;

/** The transitions of a batch: verb → the states it starts from and the state it ends in. Each is one compare-and-set. */
export const BATCH_TRANSITIONS = {
  finish_draft: { from: ['receiving'], to: 'draft' },
  finish: { from: ['receiving'], to: 'queued' },
  refuse: { from: ['receiving'], to: 'refused' },
  submit: { from: ['draft'], to: 'queued' },
  edit_draft: { from: ['draft'], to: 'draft' },
  edit: { from: ['queued', 'approved', 'authorized'], to: 'queued' },
  approve: { from: ['queued'], to: 'approved' },
  authorize: { from: ['approved'], to: 'authorized' },
  execute: { from: ['authorized'], to: 'executing' },
  reject: { from: ['draft', 'queued', 'approved', 'authorized'], to: 'rejected' },
  cancel: { from: [...BEFORE_EXECUTING], to: 'cancelled' },
  expire: { from: [...BEFORE_EXECUTING], to: 'expired' },
  complete: { from: ['executing'], to: 'completed' },
  fail: { from: ['executing'], to: 'failed' },
  finish_cancelled: { from: ['executing'], to: 'cancelled' },
} as const satisfies Record<string, { from: readonly BatchState[]; to: BatchState }>;

export type BatchVerb = keyof typeof BATCH_TRANSITIONS;

export const TERMINAL_BATCH_STATES = ['completed', 'failed', 'rejected', 'cancelled', 'expired', 'refused'] as const satisfies readonly BatchState[];

export const isTerminalBatch = (state: BatchState): boolean => (TERMINAL_BATCH_STATES as readonly BatchState[]).includes(state);

export const mayMove = (verb: BatchVerb, from: BatchState): boolean => (BATCH_TRANSITIONS[verb].from as readonly BatchState[]).includes(from);

/** Terminal items of a batch, counted. */
export interface TerminalCounts {
  paid: number;
  failed: number;
  returned: number;
  cancelled: number;
}

/**
 * How a batch ends once no item is open. `failed` means that nothing was paid and nobody cancelled. A returned item counts as paid,
 * because it was paid before it came back.
 */
export const endOf = (counts: TerminalCounts, cancelling: boolean): { verb: BatchVerb; outcome: 'full' | 'partial' | 'none' } => {
  const paid = counts.paid + counts.returned;
  if (paid === 0) return { verb: cancelling ? 'finish_cancelled' : 'fail', outcome: 'none' };
  return { verb: 'complete', outcome: counts.failed + counts.cancelled === 0 ? 'full' : 'partial' };
};
