import type { FailpointName } from '../../../operations/ports.js';

/** Where a worker dies or stands still, and when it gets there: once a chunk, once a run, or when an answer was lost. */
export const PLACES: readonly { name: FailpointName; pass: number; magic?: string }[] = [
  { name: 'before_intent', pass: 2 },
  { name: 'after_intent', pass: 2 },
  { name: 'after_send', pass: 2 },
  { name: 'before_commit', pass: 2 },
  { name: 'after_commit', pass: 2 },
  { name: 'between_chunks', pass: 1 },
  { name: 'in_continue_as_new', pass: 1 },
  { name: 'while_settling', pass: 1, magic: 'lookup_' },
  { name: 'between_gate_commit_and_signal', pass: 1 },
  { name: 'in_sequencer', pass: 1 },
];

/** Three chunks of at most 128 items, one after the other, and a run that continues as new between them. */
export const ONE_BY_ONE = { SLUICE_CHUNK_WINDOW: '1', SLUICE_HISTORY_EVENTS: '12' };
