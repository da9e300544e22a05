import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nameChange as printedChange } from '../../../cli/render/name-change.js';
import { currencyDigits, groupedMoney } from '../../../domain/money.js';
import { FITTING, printable as printed, UNFIT } from '../../../domain/text.js';
import { loadText } from './page-modules.js';

const { printableBy, moneyBy, clockText, timeText, nameChange } = await loadText();
const printable = printableBy({ unfit: UNFIT, fitting: FITTING });
const money = moneyBy(currencyDigits());

describe('a page shows what the command line prints', () => {
  test('of texts that deceive', () => {
    expect(printable('Ana \u202e00.999\u200b\u2028<b>👩🏽\u200d💻')).toBe('Ana \\u{202e}00.999\\u{200b}\\u{2028}<b>👩🏽\u200d💻');
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => expect(printable(text)).toBe(printed(text))));
    for (const text of ['\u202e', 'a\u200d', 'क्\u200dष', '\ud800', '\u0000\u001b[2J', '🇩🇪', '葛\u{e0100}', ''])
      expect(printable(text)).toBe(printed(text));
  });

  test('of amounts, in every currency that can be paid', () => {
    expect(money(123_456_750, 'EUR')).toBe('1,234,567.50 EUR');
    for (const currency of Object.keys(currencyDigits()))
      for (const minor of [0, 5, 1_000, -1_234_567, Number.MAX_SAFE_INTEGER])
        expect(money(minor, currency)).toBe(groupedMoney(BigInt(minor), currency));
  });

  test('of names that look alike', () => {
    for (const change of [
      { from: 'Nora Vance', to: 'Nils Varga' },
      { from: 'Nora Vance', to: 'N\u043era Vance' },
      { from: 'aaaa', to: '\u0430\u0430\u0430\u0430' },
    ])
      expect(nameChange(change)).toBe(printedChange(change));
  });
});

test('times of a clock that runs down, and of the calendar', () => {
  expect([300_000, 299_001, 65_000, 400, 0, -9_000].map(clockText)).toEqual(['5:00', '5:00', '1:05', '0:01', '0:00', '0:00']);
  expect([timeText('2026-11-28T16:37:52.123Z'), timeText(null)]).toEqual(['2026-11-28 16:37 UTC', null]);
});
