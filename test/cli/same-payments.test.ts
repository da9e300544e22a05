import { expect, test } from '@jest/globals';
import { shownFacts } from '../../cli/render/facts.js';
import type { ResponseOf } from '../../client/types.js';
import { CHALLENGE } from './run-sluice.js';

type Same = NonNullable<ResponseOf<'ask_challenge'>['summary']['facts']['same_payments']>;
const [A, B, C, D] = ['a', 'b', 'c', 'd'].map((digit) => `batch_${digit.repeat(32)}`) as [string, string, string, string];
const [one] = CHALLENGE.summary.facts.same_payments.shown as [Same['shown'][number]];

const shown = (same: Same): string => {
  const { facts, ...summary } = CHALLENGE.summary;
  return shownFacts({ ...summary, facts: { ...facts, same_payments: same } } as ResponseOf<'ask_challenge'>['summary'])
    .join('\n')
    .replaceAll(/ +/g, ' ');
};
const inBatches = (...counts: [string, number][]): Same => ({
  ...{ count: counts.reduce((sum, [, count]) => sum + count, 0), batch_id: counts[0]?.[0] ?? A },
  ...{ batches: counts.map(([batch_id, count]) => ({ batch_id, count })), shown: [one] },
});

test.each([
  ['one', inBatches([A, 1]), `1 of the payments is paid or open already, in ${A}\n`],
  ['some of one batch', inBatches([A, 3]), `3 of the payments are paid or open already, in ${A}\n`],
  ['some of two', inBatches([A, 2], [B, 1]), `3 of the payments are paid or open already: 2 in ${A}, 1 in ${B}\n`],
  ['some of many', inBatches([A, 4], [B, 3], [C, 2], [D, 1]), `: 4 in ${A}, 3 in ${B}, 2 in ${C}, 1 in others\n`],
])('payments that earlier batches have, %s: the words say no more than is so', (_, same, said) => {
  expect(shown(same)).toContain(said);
  expect(shown(same)).toContain(`Payments that equal earlier ones in payee, amount and reference: ${same.count}\n`);
});

test('of facts of before, which batch has how many is not known, and nothing is listed', () => {
  const text = shown({ count: 6, batch_id: A, batches: [], shown: [] });
  expect(text).toContain(`6 of the payments are paid or open already. Look at ${A}: no other earlier batch has more of them\n`);
  expect(text).not.toContain('Payments that equal earlier ones');
});
