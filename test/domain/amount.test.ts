import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AMOUNT_MAX, checkAmount, currencyExponent, formatMoney, parseDecimal } from '../../domain/money.js';

const CURRENCIES = ['EUR', 'USD', 'JPY', 'KWD', 'OMR', 'ISK'] as const;
const currency = fc.constantFrom(...CURRENCIES);
const amount = fc.bigInt({ min: 1n, max: AMOUNT_MAX });

/** Minor units as a decimal, by arithmetic rather than by text. */
const decimalOf = (minor: bigint, exponent: number): string => {
  const unit = 10n ** BigInt(exponent);
  return exponent === 0 ? `${minor}` : `${minor / unit}.${`${minor % unit}`.padStart(exponent, '0')}`;
};

describe('decimal amounts of a CSV', () => {
  test('every amount within the bound is the same after its decimal form is parsed', () => {
    fc.assert(
      fc.property(amount, currency, (minor, code) => {
        expect(parseDecimal(decimalOf(minor, currencyExponent(code) ?? 0), code)).toEqual({ ok: true, value: minor });
      }),
    );
  });

  test('trailing zeros may be left out, and mean nothing', () => {
    fc.assert(
      fc.property(amount, currency, (minor, code) => {
        const whole = decimalOf(minor, currencyExponent(code) ?? 0);
        const short = whole.includes('.') ? whole.replace(/\.?0+$/, '') : whole;
        expect(parseDecimal(short, code)).toEqual({ ok: true, value: minor });
      }),
    );
  });

  test('more digits than the currency has are refused, zeros too', () => {
    fc.assert(
      fc.property(amount, currency, fc.constantFrom('0', '5'), (minor, code, digit) => {
        const text = decimalOf(minor, currencyExponent(code) ?? 0);
        expect(parseDecimal(`${text.includes('.') ? text : `${text}.`}${digit}`, code).ok).toBe(false);
      }),
    );
  });

  test.each(['', ' ', '-1', '+1', '1,5', '1.000,00', '1 000', '1e3', '.5', '5.', '007', '0x10', 'NaN', 'Infinity', '１', '1.2.3', '0', '0.00'])(
    'refuses %j',
    (text) => {
      expect(parseDecimal(text, 'EUR').ok).toBe(false);
    },
  );

  test('text that is no plain decimal never becomes an amount', () => {
    fc.assert(
      fc.property(fc.string(), currency, (text, code) => {
        if (!/^(0|[1-9][0-9]*)(\.[0-9]+)?$/.test(text)) expect(parseDecimal(text, code).ok).toBe(false);
      }),
    );
  });

  test('the bound is 2^53 − 1 minor units, in every currency', () => {
    for (const code of CURRENCIES) {
      const exponent = currencyExponent(code) ?? 0;
      expect(parseDecimal(decimalOf(AMOUNT_MAX, exponent), code)).toEqual({ ok: true, value: AMOUNT_MAX });
      expect(parseDecimal(decimalOf(AMOUNT_MAX + 1n, exponent), code).ok).toBe(false);
    }
    for (const minor of [AMOUNT_MAX + 1n, 0n, -1n]) expect(checkAmount(minor, 'EUR').ok).toBe(false);
  });

  test('an unknown currency has no amounts', () => {
    for (const code of ['', 'eur', 'EURO', 'ABC', 'constructor']) {
      expect(currencyExponent(code)).toBeNull();
      expect(parseDecimal('1', code).ok).toBe(false);
    }
  });
});

describe('amounts for people', () => {
  test('the text that is shown parses back', () => {
    fc.assert(
      fc.property(amount, currency, (minor, code) => {
        const [text = '', shownCode] = formatMoney(minor, code).split(' ');
        expect(shownCode).toBe(code);
        expect(parseDecimal(text, code)).toEqual({ ok: true, value: minor });
      }),
    );
  });

  test.each([
    [123450n, 'EUR', '1234.50 EUR'],
    [5n, 'EUR', '0.05 EUR'],
    [0n, 'EUR', '0.00 EUR'],
    [-5n, 'EUR', '-0.05 EUR'],
    [1234n, 'JPY', '1234 JPY'],
    [1234n, 'KWD', '1.234 KWD'],
  ] as const)('%d %s is %s', (minor, code, text) => {
    expect(formatMoney(minor, code)).toBe(text);
  });
});

test.each(['-12.50', '-1', '-0.00', '0', '0.00'])('%s is refused because it is not greater than zero, not for its form', (text) => {
  const parsed = parseDecimal(text, 'EUR');
  expect(parsed.ok ? null : parsed.refusal.detail).toBe('the amount must be greater than zero');
});

describe('a refused amount hears what it is', () => {
  const messageOf = (text: string, code: string) => {
    const parsed = parseDecimal(text, code);
    return parsed.ok ? null : parsed.refusal.detail;
  };

  test.each([
    ['12,5', 'EUR', 'write the amount as digits with a point, such as 1234.50'],
    ['1.234,56', 'EUR', 'write the amount as digits with a point, such as 1234.50'],
    ['1,234.56', 'EUR', 'leave out the thousands separator: write the amount as digits with a point, such as 1234.50'],
    ['1,234,567', 'EUR', /^leave out the thousands separator/],
    ['12,34,567.50', 'INR', /^leave out the thousands separator/],
    ['1 234.50', 'EUR', /^leave out the thousands separator/],
    ["1'234.50", 'CHF', /^leave out the thousands separator/],
    ['1.234.567', 'EUR', /^leave out the thousands separator/],
    ['1,200', 'JPY', 'leave out the thousands separator: write the amount as digits alone, such as 1234'],
    [
      '1,200',
      'KWD',
      'a comma before three digits may group thousands or be a decimal comma: write the amount as digits with a point, such as 1234.500',
    ],
    ['0,500', 'KWD', 'write the amount as digits with a point, such as 1234.500'],
    ['1.234', 'EUR', /^EUR has 2 digits after the point: .* such as 1234\.50; leave the point out where it groups thousands$/],
    ['12.00', 'JPY', 'JPY has no digits after the point: write the amount as digits alone, such as 1234'],
    ['#REF!', 'EUR', /error of a formula/],
    ['#####', 'EUR', /too narrow/],
    ['=A1', 'EUR', /a formula/],
    ["'12.00", 'EUR', /apostrophe/],
    ['1.2E+03', 'EUR', /exponent; format the column as a number with 2 decimals/],
    ['(12.00)', 'EUR', /parentheses/],
    ['12.00-', 'EUR', 'the amount must be greater than zero'],
    ['\u221212.00', 'EUR', 'the amount must be greater than zero'],
    ['2026-05-12', 'EUR', /^this is a date/],
    ['12.05.2026', 'EUR', /^this is a date/],
    ['5/12/26 0:00', 'EUR', /^this is a date/],
    ['12-May', 'EUR', /^this is a date/],
    ['May-12', 'EUR', /^this is a date/],
    ['12.00 EUR', 'EUR', /^leave out the currency/],
    ['€ 12.00', 'EUR', /^leave out the currency/],
    ['US$1,200', 'USD', /^leave out the currency/],
    ['12,00\u00a0€', 'EUR', /^leave out the currency/],
    ['12%', 'EUR', /percentage/],
    ['+12', 'EUR', /^leave out the sign/],
    ['007', 'EUR', /^leave out the zeros/],
    ['12.00\u200b', 'EUR', 'leave out U+200B, an invisible or formatting character (character 6)'],
    ['99999999999999.99', 'EUR', 'the amount must not exceed 90071992547409.91 EUR'],
    ['99999999999999999999', 'JPY', 'the amount must not exceed 9007199254740991 JPY'],
  ])('%s %s', (text, code, message) => {
    expect(messageOf(text, code)).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });

  test('no example is one that the currency refuses, whatever was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."01239.,' -+()E€%#=/") }), currency, (text, code) => {
        for (const [example] of (messageOf(text, code) ?? '').matchAll(/(?<=such as )\d[\d.]*/g)) expect(parseDecimal(example, code).ok).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
