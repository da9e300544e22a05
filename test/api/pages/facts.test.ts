import { expect, test } from '@jest/globals';
import { shownFacts } from '../../../cli/render/facts.js';
import { money } from '../../../cli/render/money.js';
import { printable } from '../../../domain/text.js';
import { CHALLENGE } from '../../cli/run-sluice.js';
import { loadFacts } from './page-modules.js';

const { unusualOf } = await loadFacts();

type Summary = Parameters<typeof shownFacts>[0];
const SUMMARY = CHALLENGE.summary as unknown as Summary;

/** What the command line prints of a summary: one text, its lines without blanks around them. */
const printedOf = (summary: Summary) =>
  shownFacts(summary)
    .flatMap((part) => part.split('\n'))
    .map((line) => line.trim());

const without = (change: Partial<Summary['facts']>): Summary => ({ ...SUMMARY, facts: { ...SUMMARY.facts, ...change } });

test.each([
  ['everything that there is', SUMMARY],
  [
    'one payment in one batch',
    without({ same_payments: { count: 1, batch_id: 'batch_1', batches: [{ batch_id: 'batch_1', count: 1 }], shown: [] } }),
  ],
  ['facts of before', without({ same_payments: { count: 3, batch_id: 'batch_1', batches: [], shown: [] } })],
  [
    'many batches',
    without({
      same_payments: { count: 14, batch_id: 'batch_1', batches: [5, 4, 3, 2].map((count) => ({ batch_id: `batch_${count}`, count })), shown: [] },
    }),
  ],
  ['no warnings', without({ same_file: null, same_payments: null, unusual_total: null, first_seen_payees: 0 })],
])('the page warns of %s in the words of the command line', (_what, summary) => {
  const printed = printedOf(summary);
  const { first, tables } = unusualOf(summary, money);
  const begin = printed.indexOf('Look at this first:');
  const warned = begin < 0 ? [] : printed.slice(begin + 1, printed.indexOf('', begin));
  expect(first).toEqual(warned);
  // A title stands below an empty line, or at the beginning; its table and an empty line follow.
  const titles = printed.filter((line, i) => line !== '' && i !== begin && (i === 0 || printed[i - 1] === ''));
  expect(tables.map(({ title }) => title)).toEqual(titles);
  for (const { title, columns, rows } of tables) {
    const at = printed.indexOf(title);
    expect(printed[at + 1]?.split(/ {2,}/)).toEqual(columns.map((column) => column.toUpperCase()));
    const lines = printed.slice(at + 2, printed.indexOf('', at));
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual(rows.map((row) => row.map((cell) => (cell === null ? '-' : printable(String(cell))))));
  }
});

test('a batch with nothing unusual is shown without a warning', () => {
  const none = { count: 0, shown: [] };
  const quiet = without({
    ...{ same_file: null, same_payments: null, unusual_total: null, first_seen_payees: 0, repeated_within: none, changed_destinations: none },
    ...{ changed_payees: none, held_payees: { ...none, payments: 0, amount: 0 }, foreign_accounts: none, shared_accounts: none },
    unusual_amounts: none,
  });
  expect(unusualOf(quiet, money)).toEqual({ first: [], tables: [] });
});
