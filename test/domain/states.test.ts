import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  BATCH_STATES,
  BATCH_TRANSITIONS,
  type BatchState,
  type BatchVerb,
  endOf,
  isTerminalBatch,
  mayMove,
  TERMINAL_BATCH_STATES,
} from '../../domain/batch/states.js';
import { GATE_STATE, GATE_VERB, GATES } from '../../domain/gate.js';
import { ITEM_EDGES, ITEM_STATES, isTerminalItem } from '../../domain/item/states.js';

const VERBS = Object.keys(BATCH_TRANSITIONS) as BatchVerb[];

/** The table of states written a second time: verb → the state that a batch goes to, from each state that allows it. */
const MODEL: Record<BatchState, Partial<Record<BatchVerb, BatchState>>> = {
  receiving: { finish_draft: 'draft', finish: 'queued', refuse: 'refused', cancel: 'cancelled', expire: 'expired' },
  draft: { submit: 'queued', edit_draft: 'draft', reject: 'rejected', cancel: 'cancelled', expire: 'expired' },
  queued: { edit: 'queued', approve: 'approved', reject: 'rejected', cancel: 'cancelled', expire: 'expired' },
  approved: { edit: 'queued', authorize: 'authorized', reject: 'rejected', cancel: 'cancelled', expire: 'expired' },
  authorized: { edit: 'queued', execute: 'executing', reject: 'rejected', cancel: 'cancelled', expire: 'expired' },
  executing: { complete: 'completed', fail: 'failed', finish_cancelled: 'cancelled' },
  completed: {},
  failed: {},
  rejected: {},
  cancelled: {},
  expired: {},
  refused: {},
};

describe('states of a batch', () => {
  test('the table is the model, verb by verb and state by state', () => {
    for (const state of BATCH_STATES)
      for (const verb of VERBS) {
        expect([state, verb, mayMove(verb, state)]).toEqual([state, verb, MODEL[state][verb] !== undefined]);
        if (mayMove(verb, state)) expect(BATCH_TRANSITIONS[verb].to).toBe(MODEL[state][verb]);
      }
  });

  test('no sequence of verbs executes a batch without its three gates since the last edit', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...VERBS), { maxLength: 40 }), (verbs) => {
        let state: BatchState = 'receiving';
        let opened: string[] = [];
        for (const verb of verbs) {
          if (!mayMove(verb, state)) continue;
          state = BATCH_TRANSITIONS[verb].to;
          if (verb === 'edit') opened = [];
          const gate = GATES.find((name) => GATE_VERB[name] === verb);
          if (gate) opened.push(gate);
          if (state === 'executing') expect(opened).toEqual([...GATES]);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test('nothing leaves a terminal state', () => {
    for (const state of TERMINAL_BATCH_STATES) for (const verb of VERBS) expect(mayMove(verb, state)).toBe(false);
    for (const state of BATCH_STATES) expect(isTerminalBatch(state)).toBe(Object.keys(MODEL[state]).length === 0);
  });

  test('each gate is opened in the state that its verb starts from', () => {
    for (const gate of GATES) expect(BATCH_TRANSITIONS[GATE_VERB[gate]].from).toEqual([GATE_STATE[gate]]);
  });
});

describe('how a batch ends', () => {
  const counts = fc.record({ paid: fc.nat(3), failed: fc.nat(3), returned: fc.nat(3), cancelled: fc.nat(3) });

  test('completed exactly when something was paid; failed never after a cancel', () => {
    fc.assert(
      fc.property(counts, fc.boolean(), (count, cancelling) => {
        const { verb, outcome } = endOf(count, cancelling);
        const paid = count.paid + count.returned > 0;
        expect(verb === 'complete').toBe(paid);
        if (!paid) expect(verb).toBe(cancelling ? 'finish_cancelled' : 'fail');
        expect(outcome).toBe(paid ? (count.failed + count.cancelled > 0 ? 'partial' : 'full') : 'none');
        expect(mayMove(verb, 'executing')).toBe(true);
      }),
    );
  });
});

describe('states of an item', () => {
  test('every edge leads to a state, and none back to one that was never sent', () => {
    for (const from of ITEM_STATES)
      for (const to of ITEM_EDGES[from]) {
        expect(ITEM_STATES).toContain(to);
        if (from !== 'pending') expect(['pending', 'submitting', 'cancelled', 'excluded', 'blocked']).not.toContain(to);
      }
  });

  test('a cancelled item stays cancelled', () => {
    for (const state of ['cancelled', 'excluded', 'blocked'] as const) expect([ITEM_EDGES[state], isTerminalItem(state)]).toEqual([[], true]);
  });
});
