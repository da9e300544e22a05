import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lostMessage, spreadsheetMark } from '../../domain/spreadsheet-marks.js';

const kindOf = (text: string) => spreadsheetMark(text)?.kind ?? null;

describe('what a spreadsheet wrote in place of what was meant', () => {
  test.each([
    ['error', '#N/A #REF! #NAME? #VALUE! #DIV/0! #NULL! #NUM! #n/a #NV #BEZUG! #WERT! #NOM? #¿NOMBRE? #¡REF! #RIF! #N/B #N/D! #Н/Д Err:502'],
    ['too_narrow', '### #####'],
    ['formula', '=A1 ="00123" =-1 =SUM(A1:A2)'],
    ['apostrophe', "'00123 '-1 '=A1 'INV-1 'DE89370400440532013000 '(1)"],
    ['exponent', '1.23457E+11 1,23457E+11 1.2E+03 8.93704e+19 -1.5E+12 1E+21 1.5E10 1.2E-05'],
    ['encoding', 'M\ufffdller \ufffd'],
  ])('%s', (kind, texts) => {
    for (const text of texts.split(' ')) expect([text, kindOf(text)]).toEqual([text, kind]);
  });

  test.each(
    [
      "#12 #1 # ## E-12 O’Brien O'Brien - -1 +49123 12E3 12E-5 3E 'tHooft INV=1 a=b 1.5 1,5 007 #general C#",
      "'t Hooft",
      "'s-Gravesande",
      "'Abd al-Rahman",
    ].flatMap((text, i) => (i === 0 ? text.split(' ') : [text])),
  )('%j is what people write', (text) => {
    expect(kindOf(text)).toBeNull();
  });

  test('U+FFFD is found at any place, and the message repeats nothing', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        expect(kindOf(`${before}\ufffd${after}`)).toBe('encoding');
      }),
    );
    expect(spreadsheetMark('=SECRET')?.message).not.toContain('SECRET');
  });

  test('letters, digits, blanks and dashes alone are never taken for a mark', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9 -]{1,30}$/), (text) => {
        expect(kindOf(text)).toBeNull();
      }),
      { numRuns: 1_000 },
    );
  });

  test('every number in the form of a spreadsheet that dropped digits is known, in both notations', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100_000, max: 999_999 }),
        fc.integer({ min: 6, max: 30 }),
        fc.constantFrom('.', ','),
        (digits, exponent, point) => {
          expect(kindOf(`${String(digits)[0]}${point}${String(digits).slice(1)}E+${String(exponent).padStart(2, '0')}`)).toBe('exponent');
        },
      ),
    );
  });

  test('only what nobody can mean is refused in JSON', () => {
    expect(['#N/A', '#BEZUG!', 'M\ufffd'].map((text) => lostMessage(text) !== null)).toEqual([true, true, true]);
    expect(['=A1', "'00123", '1.2E+03', '#####', 'June'].map(lostMessage)).toEqual([null, null, null, null, null]);
  });
});

test('a text of any length is judged by one look, whatever it repeats', () => {
  for (const text of [
    `'a${'1'.repeat(200_000)} x`,
    `'${' '.repeat(200_000)}x`,
    `#${'#'.repeat(200_000)}x`,
    `1.${'1'.repeat(200_000)}x`,
    `=${'='.repeat(200_000)}`,
  ])
    expect([text.slice(0, 3), spreadsheetMark(text)?.kind ?? null]).toEqual([
      text.slice(0, 3),
      text.startsWith('=') ? 'formula' : text.startsWith("' ") ? 'apostrophe' : null,
    ]);
});
