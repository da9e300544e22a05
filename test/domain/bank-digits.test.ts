import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalDigits, digitsMessage } from '../../domain/bank-digits.js';

const digits = fc.stringMatching(/^\d{1,17}$/);

describe('an account or routing number', () => {
  test('is the same with blanks, invisible characters and dashes between its digits', () => {
    const between = fc.constantFrom('', ' ', '-', '\u2013', '\u00a0', '\u200b', ' - ', '\t');
    fc.assert(
      fc.property(digits, fc.array(between, { minLength: 16, maxLength: 16 }), (number, gaps) => {
        const typed = [...number].map((digit, i) => (i === 0 ? digit : `${gaps[i - 1]}${digit}`)).join('');
        expect([digitsMessage(` ${typed}\u00a0`), canonicalDigits(` ${typed}\u00a0`)]).toEqual([null, number]);
      }),
    );
  });

  test('is never another one: whatever else stands in it is refused', () => {
    const other = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 3 })
      .filter((text) => /[^\p{White_Space}\p{Pd}\p{Default_Ignorable_Code_Point}0-9]/u.test(text));
    fc.assert(
      fc.property(digits, other, fc.nat(17), (number, text, at) => {
        expect(digitsMessage(number.slice(0, at) + text + number.slice(at))).not.toBeNull();
      }),
    );
  });

  test('has one form, which is its own form', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'01 -.,E+\u2013\u200b') }), (text) => {
        expect(canonicalDigits(canonicalDigits(text))).toBe(canonicalDigits(text));
        if (digitsMessage(text) === null) expect(canonicalDigits(text)).toMatch(/^\d*$/);
      }),
    );
  });

  test.each([
    ['123456789.0', /a spreadsheet rewrote.*format the column as text/],
    ['1234.00', /a spreadsheet rewrote/],
    ['1,234', /a spreadsheet rewrote/],
    ['123.456.789', /a spreadsheet rewrote/],
    ['1.23457E+11', /has dropped digits; .*from its source/],
    ['1,23457e+11', /has dropped digits/],
    ['-12345678', /leave out the sign/],
    ['\u221212345678', /leave out the sign/],
    ['+12345678', /leave out the sign/],
    ['12345678-', /digits only/],
    ['12--34', /digits only/],
    ['1234A', /digits only/],
    ['１２３４', /digits only/],
    ["'00123", /apostrophe/],
    ['#N/A', /error of a formula/],
    ['=A1', /a formula/],
  ])('%s is refused for what it is, and not repeated', (text, message) => {
    expect(digitsMessage(text)).toMatch(message);
    expect(digitsMessage(text)).not.toContain(text);
  });
});
