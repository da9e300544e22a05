import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { coverageOf, covers, stateUnder } from '../../domain/item/coverage.js';
import { ITEM_STATES } from '../../domain/item/states.js';
import { type ItemTransition, stepsOf, transitionBlock } from '../../domain/item/transitions.js';

/** Ordinals in order, without repetition, dense and with gaps. */
const ordinals = fc.uniqueArray(fc.nat(2_000), { minLength: 1, maxLength: 80 }).map((some) => some.sort((a, b) => a - b));

const shapes = fc.record({
  version: fc.integer({ min: 1, max: 4 }),
  from: fc.constantFrom(...ITEM_STATES),
  to: fc.constantFrom(...ITEM_STATES),
  rank: fc.nat(3),
  inboundId: fc.constantFrom(null, 'one', 'two'),
  providerReference: fc.option(fc.string()),
  reason: fc.option(fc.string()),
});

const someSteps = ordinals.chain((places) =>
  fc
    .array(shapes, { minLength: places.length, maxLength: places.length })
    .map((own) => own.map((shape, i): ItemTransition => ({ ...shape, source: 'webhook', ordinal: places[i] as number }))),
);

describe('a block of transitions (R17)', () => {
  test('holds exactly the steps that it was made of, and the same steps give the same text', () => {
    fc.assert(
      fc.property(someSteps, (steps) => {
        const body = transitionBlock({ source: 'webhook', chunk: 3 }, steps);
        expect(stepsOf(body)).toEqual(steps);
        expect(transitionBlock({ source: 'webhook', chunk: 3 }, stepsOf(body))).toBe(body);
      }),
      { numRuns: 500 },
    );
  });

  test('any other step, place or source gives another text', () => {
    fc.assert(
      fc.property(someSteps, fc.nat(), shapes, (steps, at, other) => {
        const place = at % steps.length;
        const changed = steps.map((step, i) => (i === place ? { ...step, ...other } : step));
        const body = transitionBlock({ source: 'webhook', chunk: 3 }, steps);
        expect(transitionBlock({ source: 'webhook', chunk: 3 }, changed) === body).toBe(JSON.stringify(changed) === JSON.stringify(steps));
        expect(transitionBlock({ source: 'webhook', chunk: 4 }, steps)).not.toBe(body);
        expect(transitionBlock({ source: 'answer', chunk: 3 }, steps)).not.toBe(body);
      }),
      { numRuns: 500 },
    );
  });

  test('a thousand equal steps take one shape and one run', () => {
    const steps = Array.from({ length: 1_024 }, (_, ordinal): ItemTransition => {
      return {
        ordinal,
        version: 1,
        from: 'submitting',
        to: 'paid',
        rank: 2,
        source: 'answer',
        inboundId: null,
        providerReference: null,
        reason: null,
      };
    });
    expect(transitionBlock({ source: 'answer', chunk: 0 }, steps)).toBe(
      '["sluice-transitions-v2","answer",0,[[1,"submitting","paid",2,null,null]],[[0,1024,0]],[]]',
    );
  });
});

describe('what a dispatch covers (R1)', () => {
  test('exactly the ordinals that it was made of', () => {
    fc.assert(
      fc.property(ordinals, fc.nat(64), fc.nat(64), (covered, before, after) => {
        const first = Math.max(0, (covered[0] as number) - before);
        const end = (covered.at(-1) as number) + 1 + after;
        const coverage = coverageOf(first, end, covered);
        const wanted = new Set(covered);
        for (let ordinal = first - 2; ordinal < end + 2; ordinal++) expect(covers(coverage, ordinal)).toBe(wanted.has(ordinal));
      }),
    );
  });

  test('a covered item is submitting until its own row says more', () => {
    const coverage = coverageOf(0, 8, [1, 2]);
    for (const state of ITEM_STATES) {
      expect(stateUnder({ ordinal: 1, state }, [coverage])).toBe(state === 'pending' ? 'submitting' : state);
      expect(stateUnder({ ordinal: 3, state }, [coverage])).toBe(state);
      expect(stateUnder({ ordinal: 1, state }, [])).toBe(state);
    }
  });
});
