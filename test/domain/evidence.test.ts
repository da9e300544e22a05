import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EVIDENCE_OUTCOMES, type ItemPosition, type PaymentOutcome, reduceEvidence } from '../../domain/item/evidence.js';
import { ITEM_EDGES, ITEM_STATES, isTerminalItem } from '../../domain/item/states.js';

const evidence = fc.record({ outcome: fc.constantFrom(...EVIDENCE_OUTCOMES), rank: fc.nat(5) });

const fold = (start: ItemPosition, pieces: readonly Pick<PaymentOutcome, 'outcome' | 'rank'>[]): ItemPosition =>
  pieces.reduce<ItemPosition>((item, piece) => {
    const reduction = reduceEvidence(item, piece);
    return reduction.kind === 'moved' ? { state: reduction.to, rank: reduction.rank } : item;
  }, start);

const SENT: ItemPosition = { state: 'submitting', rank: 0 };
/** Interim words carry no rank that counts, so only the state of such an item is compared. */
const position = (item: ItemPosition) => (isTerminalItem(item.state) ? item : { state: item.state });

describe('the fold of evidence (R6)', () => {
  test('the state is the same for every order of the same evidence', () => {
    fc.assert(
      fc.property(
        fc
          .array(evidence, { maxLength: 8 })
          .chain((pieces) => fc.tuple(fc.constant(pieces), fc.shuffledSubarray(pieces, { minLength: pieces.length }))),
        ([pieces, shuffled]) => {
          expect(position(fold(SENT, shuffled))).toEqual(position(fold(SENT, pieces)));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('the state is the same for every repetition of the same evidence', () => {
    fc.assert(
      fc.property(fc.array(evidence, { maxLength: 6 }), fc.array(fc.nat(5), { maxLength: 12 }), (pieces, again) => {
        const repeated = [...pieces, ...again.flatMap((i) => pieces[i] ?? [])];
        expect(position(fold(SENT, repeated))).toEqual(position(fold(SENT, pieces)));
      }),
      { numRuns: 2_000 },
    );
  });

  test('it is total: every state and every evidence has an answer, along an edge of the table', () => {
    for (const state of ITEM_STATES)
      for (const outcome of EVIDENCE_OUTCOMES)
        for (const [held, rank] of [
          [0, 0],
          [0, 1],
          [1, 0],
          [3, 3],
        ] as const) {
          const reduction = reduceEvidence({ state, rank: held }, { outcome, rank });
          if (reduction.kind === 'never_sent') expect(['pending', 'cancelled', 'excluded', 'blocked']).toContain(state);
          if (reduction.kind === 'moved' && reduction.to !== state) expect(ITEM_EDGES[state]).toContain(reduction.to);
        }
  });

  test('what was never sent does not move, whatever the rail says', () => {
    fc.assert(
      fc.property(fc.constantFrom('pending', 'cancelled', 'excluded', 'blocked'), evidence, (state, piece) => {
        expect(reduceEvidence({ state, rank: 0 }, piece)).toEqual({ kind: 'never_sent' });
      }),
    );
  });

  test('a return that overtakes its payment stays a return', () => {
    expect(
      fold(SENT, [
        { outcome: 'returned', rank: 3 },
        { outcome: 'paid', rank: 2 },
        { outcome: 'submitted', rank: 1 },
      ]),
    ).toEqual({ state: 'returned', rank: 3 });
  });

  test('absence and doubt never undo a final word', () => {
    for (const final of ['paid', 'failed', 'returned'] as const)
      for (const outcome of ['unknown', 'submitted'] as const)
        expect(reduceEvidence({ state: final, rank: 0 }, { outcome, rank: 99 })).toEqual({ kind: 'unchanged' });
  });
});
