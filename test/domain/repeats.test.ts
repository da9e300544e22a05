import { describe, expect, test } from '@jest/globals';
import { type RepeatedPayment, repeatError, repeatedPayments } from '../../domain/batch/repeats.js';
import { toWireId } from '../../domain/ids.js';

const [A, B, C, D] = ['a', 'b', 'c', 'd'].map((digit) => `0198c2aa-7c1e-7b3d-9f10-${digit.repeat(12)}`) as [string, string, string, string];
const name = (id: string) => toWireId('batch', id);
const payment = (state: 'paid' | 'pending' = 'paid'): RepeatedPayment => ({
  ...{ payeeReference: 'cr-00104', amount: 1_250n },
  equals: { batchId: A, ordinal: 12, state },
});
const error = (row: number) => repeatError({ field: 'row', row }, payment(), 'EUR');
const detail = (count: number, earlier: [string, number][], listed = count) =>
  repeatedPayments(
    { count, earlier },
    Array.from({ length: listed }, (_, i) => error(i + 2)),
  ).detail;

describe('a refusal of repeated payments', () => {
  test('names the item and its state when there is one', () => {
    expect(detail(1, [[A, 1]])).toBe(
      `1 payment equals one in ${name(A)} (item 12, paid). Take it out, or send the batch with allow_duplicates if it is to be paid once more.`,
    );
  });

  test('names the one batch, or each with its count, and of very many the first', () => {
    expect(detail(3, [[A, 3]])).toContain(`3 payments equal ones in ${name(A)}. Take them out`);
    const both: [string, number][] = [
      [A, 2],
      [B, 1],
    ];
    expect(detail(3, both)).toContain(`3 payments equal earlier ones: 2 in ${name(A)}, 1 in ${name(B)}. Take`);
    const four: [string, number][] = [...both, [C, 1], [D, 1]];
    expect(detail(5, four)).toContain(`5 payments equal earlier ones: 2 in ${name(A)}, 1 in ${name(B)}, 1 in ${name(C)}, 1 in others. Take`);
  });

  test('lists up to a hundred, and says so', () => {
    const { errors, extra, detail } = repeatedPayments(
      { count: 250, earlier: [[A, 250]] },
      Array.from({ length: 100 }, (_, i) => error(i + 2)),
    );
    expect([errors?.length, extra]).toEqual([100, { batch_id: name(A), count: 250 }]);
    expect(detail).toContain('The first 100 are listed.');
  });

  test('of a row says payee, amount, and what it equals', () => {
    expect(error(7)).toEqual({
      ...{ field: 'row', row: 7, reason: 'repeated' },
      message: `cr-00104, 12.50 EUR: equals item 12 of ${name(A)}, which is paid`,
      equals: {
        ...{ batch_id: name(A), item_id: expect.stringMatching(/^item_/), ordinal: 12 },
        ...{ state: 'paid', payee_reference: 'cr-00104', amount: 1_250 },
      },
    });
  });
});
