import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toItemId } from '../../domain/ids.js';
import { EVIDENCE_OUTCOMES, type ItemPosition, type PaymentOutcome, reduceBatchEvidence, reduceEvidence } from '../../domain/item/evidence.js';
import { ITEM_EDGES, ITEM_STATES, isTerminalItem } from '../../domain/item/states.js';

const evidence = fc.record({ outcome: fc.constantFrom(...EVIDENCE_OUTCOMES), rank: fc.nat(5) });

const reduce = (start: ItemPosition, pieces: readonly Pick<PaymentOutcome, 'outcome' | 'rank'>[]): ItemPosition =>
  pieces.reduce<ItemPosition>((item, piece) => {
    const reduction = reduceEvidence(item, piece);
    return reduction.kind === 'moved' ? { state: reduction.to, rank: reduction.rank } : item;
  }, start);

const SENT: ItemPosition = { state: 'submitting', rank: 0 };
/** Interim words carry no rank that counts, so only the state of such an item is compared. */
const position = (item: ItemPosition) => (isTerminalItem(item.state) ? item : { state: item.state });

describe('the reducer of evidence (R6)', () => {
  test('the state is the same for every order of the same evidence', () => {
    fc.assert(
      fc.property(
        fc
          .array(evidence, { maxLength: 8 })
          .chain((pieces) => fc.tuple(fc.constant(pieces), fc.shuffledSubarray(pieces, { minLength: pieces.length }))),
        ([pieces, shuffled]) => {
          expect(position(reduce(SENT, shuffled))).toEqual(position(reduce(SENT, pieces)));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('the state is the same for every repetition of the same evidence', () => {
    fc.assert(
      fc.property(fc.array(evidence, { maxLength: 6 }), fc.array(fc.nat(5), { maxLength: 12 }), (pieces, again) => {
        const repeated = [...pieces, ...again.flatMap((i) => pieces[i] ?? [])];
        expect(position(reduce(SENT, repeated))).toEqual(position(reduce(SENT, pieces)));
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
      reduce(SENT, [
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

describe('evidence of one batch (R6)', () => {
  const batch = { id: '0198c2aa-7c1e-7b3d-9f10-a4c2e6b80d11', currency: 'EUR', connectionId: 'ours' };
  const item = (ordinal: number, state: ItemPosition['state'] = 'submitting') => ({
    ordinal,
    state,
    rank: 0,
    amount: 100n,
    providerReference: null as string | null,
  });
  const said = (ordinal: number, more: Partial<PaymentOutcome> = {}): PaymentOutcome => ({
    key: toItemId(batch.id, ordinal),
    outcome: 'paid',
    rank: 1,
    providerReference: null,
    reason: null,
    amount: null,
    currency: null,
    ...more,
  });

  test.each([
    ['another amount', said(0, { amount: 1n }), 'ours', 'amount_mismatch'],
    ['another currency', said(0, { currency: 'USD' }), 'ours', 'currency_mismatch'],
    ['another connection', said(0), 'theirs', 'connection_mismatch'],
    ['an item that is not among them', said(7), 'ours', 'unknown_payment'],
    ['a key that is not ours', said(0, { key: 'pay_1' }), 'ours', 'unknown_payment'],
    ['an item that was never sent', said(1), 'ours', 'never_sent'],
  ] as const)('%s moves nothing, and says why', (_name, evidence, connectionId, mismatch) => {
    const { moving, matched, mismatched } = reduceBatchEvidence(batch, connectionId, [item(0), item(1, 'pending')], [evidence]);
    expect({ moving, matched, why: mismatched.map((one) => one.mismatch) }).toEqual({ moving: [], matched: [], why: [mismatch] });
  });

  test('several pieces for one item make one move, to the greatest of them, in any order', () => {
    const pieces = [
      said(0, { outcome: 'submitted' }),
      said(0),
      said(0, { outcome: 'returned', rank: 2 }),
      said(1, { amount: 100n, currency: 'EUR' }),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(pieces, { minLength: pieces.length }), (order) => {
        const { moving, matched } = reduceBatchEvidence(batch, 'ours', [item(0), item(1), item(2)], order);
        expect(moving.map(({ item: { ordinal }, evidence }) => [ordinal, evidence.outcome])).toEqual([
          [0, 'returned'],
          [1, 'paid'],
        ]);
        expect(matched).toHaveLength(pieces.length);
      }),
    );
  });

  test('a second payment of the provider under one key is told, whatever it says and in whatever state the item is', () => {
    const twice = (items: ReturnType<typeof item>[], references: (string | null)[]) =>
      reduceBatchEvidence(
        batch,
        'ours',
        items,
        references.map((providerReference) => said(0, { providerReference })),
      ).paidTwice;
    expect(twice([item(0)], ['pay_1', null, 'pay_1'])).toEqual([]);
    expect(twice([item(0)], ['pay_1', 'pay_2', 'pay_3'])).toEqual([0]);
    expect(twice([{ ...item(0, 'paid'), providerReference: 'pay_1' }], ['pay_2'])).toEqual([0]);
    expect(twice([{ ...item(0, 'paid'), providerReference: 'pay_1' }], ['pay_1', null])).toEqual([]);
  });
});
