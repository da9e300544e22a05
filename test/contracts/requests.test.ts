import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { RouteShape } from '../../contracts/route-shape.js';
import { ROUTES } from '../../contracts/routes.js';
import { country, line, lines, name, pastedCode, pastedDigits, payableCurrency, time } from '../../contracts/wire.js';
import { unfitCharacter } from '../../domain/text.js';

/** A part of what a request may say, and where it stands: `create_payee body.reference`. */
type Part = [where: string, schema: z.core.$ZodType];

const partsOf = (where: string, schema: z.core.$ZodType): Part[] => {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
    return partsOf(where, schema.def.innerType);
  // A text that is read as something else, such as an id: the text is what comes in.
  if (schema instanceof z.ZodPipe) return partsOf(where, schema.def.in).map(([at, part]) => [at, part === schema.def.in ? schema : part]);
  if (schema instanceof z.ZodArray) return [[where, schema], ...partsOf(`${where}[]`, schema.element)];
  if (schema instanceof z.ZodObject)
    return [[where, schema], ...Object.entries(schema.shape).flatMap(([member, own]) => partsOf(`${where}.${member}`, own as z.core.$ZodType))];
  return [[where, schema]];
};

const PARTS = (Object.entries(ROUTES) as [string, RouteShape][]).flatMap(([id, shape]) =>
  (['params', 'query', 'csvQuery', 'body'] as const).flatMap((part) => (shape[part] ? partsOf(`${id} ${part}`, shape[part]) : [])),
);
const inputOf = (schema: z.core.$ZodType): z.core.$ZodType => (schema instanceof z.ZodPipe ? schema.def.in : schema);
const TEXTS = PARTS.filter(([, schema]) => inputOf(schema) instanceof z.ZodString || inputOf(schema) instanceof z.ZodStringFormat);
const TIMES = PARTS.filter(([, schema]) => schema instanceof z.ZodISODateTime);
/** Hashed and never kept, so it may have any character that UTF-8 can write. */
const SECRETS = [
  ...['create_session body.password', 'change_password body.password', 'change_password body.new_password'],
  ...['enrol_factor body.password', 'enrol_passkey body.password', 'accept_invitation body.password', 'complete_password_reset body.new_password'],
];

const issuesOf = (schema: z.core.$ZodType, value: unknown) => z.safeParse(schema, value).error?.issues ?? [];

/** Whether a text is taken and still holds a character that none may hold; a code drops what its paste brought along. */
const takesUnfit = (schema: z.core.$ZodType, text: string): boolean => {
  const parsed = z.safeParse(schema, text);
  return parsed.success && unfitCharacter(String(parsed.data)) !== null;
};

describe('what a request may say', () => {
  const objects = PARTS.filter(([, schema]) => schema instanceof z.ZodObject);

  test.each(objects)('%s takes no field that it does not name', (_where, schema) => {
    const unknown = issuesOf(schema, { validate_onyl: true }).filter(({ code }) => code === 'unrecognized_keys');
    expect(unknown).toEqual([expect.objectContaining({ keys: ['validate_onyl'], path: [] })]);
  });

  test.each(TEXTS)('%s takes no text that deceives or that no database can hold', (where, schema) => {
    const wrong = SECRETS.includes(where)
      ? ['x\ud800', '\udc00']
      : ['\u0000', 'x\u0000', 'x\ud800', 'Ana \u202e00.999', 'x\ufdd0', 'x\ue000', 'x\u2028y'];
    expect(wrong.filter((text) => takesUnfit(schema, text))).toEqual([]);
  });

  test('every text has an end, and there are many', () => {
    expect(TEXTS.length).toBeGreaterThan(50);
    const long = 'a'.repeat(5_000);
    expect(TEXTS.filter(([, schema]) => issuesOf(schema, long).length === 0).map(([where]) => where)).toEqual([]);
  });

  test.each(TIMES)('%s takes times of years that every part can write', (_where, schema) => {
    const wrong = [
      '9999-12-31T23:59:59-23:59',
      '9999-01-01T00:00:00Z',
      '1969-12-31T23:59:59Z',
      '0000-01-01T00:00:00Z',
      '2030-02-30T00:00:00Z',
      '2030-01-01',
    ];
    expect(wrong.filter((text) => issuesOf(schema, text).length === 0)).toEqual([]);
    expect(z.parse(schema, '2030-01-02T03:04:05.6789+02:00')).toBe('2030-01-02T01:04:05.678Z');
  });

  test('there are times', () => {
    expect(TIMES.length).toBeGreaterThan(3);
  });
});

describe('one form of what a request says', () => {
  test('texts that look the same are the same', () => {
    expect(line(20).parse(' INV\u00a0 1 ')).toBe('INV 1');
    expect(name(20).parse('Jose\u0301')).toBe('José');
    expect(lines(20).parse('a\r\nb\n')).toBe('a\nb');
    expect(pastedCode(11).parse('deut\u200bde ff')).toBe('DEUTDEFF');
  });

  test('a text of blanks alone says nothing, and its limits count its one form', () => {
    expect(line(20).safeParse(' \u00a0').success).toBe(false);
    expect(line(3).parse('  abc  ')).toBe('abc');
    expect(pastedCode(3).safeParse('a b c d').success).toBe(false);
  });

  test('a number that was rewritten is no account, in whatever request', () => {
    const numbers = TEXTS.filter(([where]) => /\.(account|routing)_number$/.test(where));
    expect(numbers.length).toBeGreaterThan(5);
    for (const [where, schema] of numbers) {
      const taken = ['12345678.0', '1234.00', '-12345678', '1,234', '1.23E+8', '#N/A'].filter((text) => issuesOf(schema, text).length === 0);
      expect([where, taken]).toEqual([where, []]);
      expect(z.parse(schema, ' 021 000-021')).toBe('021000021');
    }
    expect(pastedDigits(17).safeParse('1.23457E+11').error?.issues[0]?.message).toContain('dropped digits');
    expect(pastedCode(34).safeParse('8.93704E+19').error?.issues[0]?.message).toContain('dropped digits');
  });

  test('what a spreadsheet or an encoding lost is no name and no reference, in whatever request', () => {
    const texts = TEXTS.filter(([where]) =>
      /payee(\.reference|\.name)$|items\[\]\.reference$|^create_payee body\.(reference|name)$|body\.name$/.test(where),
    );
    expect(texts.length).toBeGreaterThan(4);
    for (const [where, schema] of texts)
      expect([where, ['#N/A', 'M\ufffdller'].filter((text) => issuesOf(schema, text).length === 0)]).toEqual([where, []]);
    expect(name(20).safeParse('M\ufffdller').error?.issues[0]?.message).toContain('another encoding');
  });

  test('the character is named', () => {
    expect(line(20).safeParse('a\u202eb').error?.issues[0]?.message).toBe('leave out U+202E, an invisible or formatting character (character 2)');
    expect(name(20).safeParse('\u2800').error?.issues[0]?.message).toBe('a name has a letter in it');
  });
});

describe('countries and currencies', () => {
  const messageOf = (schema: z.ZodType, text: string) => schema.safeParse(text).error?.issues[0]?.message ?? null;

  test.each(['DE', 'GB', 'GR', 'PT', 'CW', 'SS', 'XK'])('%s is a country', (code) => {
    expect(country.parse(code)).toBe(code);
  });
  test.each([
    ['UK', 'UK is no code of ISO 3166-1; use GB'],
    ['EL', 'EL is no code of ISO 3166-1; use GR'],
    [' DE\u00a0', 'write DE without blanks around it'],
    ['DE\u200b', 'leave out U+200B, an invisible or formatting character (character 3)'],
    ['de', 'de is no code of ISO 3166-1; use DE'],
    ['DEU', 'DEU is no code of ISO 3166-1; use DE'],
    ['EU', 'EU is no country; use the country of the payee, such as DE'],
    ['AN', 'AN is no code of ISO 3166-1; use that of the country it is now: BQ, CW, SX'],
    ['ZZ', 'ZZ is no code of ISO 3166-1; use one such as DE'],
    ['XX', 'XX is no code of ISO 3166-1; use one such as DE'],
    ['DE89370400440532013000', 'an ISO 3166-1 code of two capital letters such as DE'],
    ['', 'an ISO 3166-1 code of two capital letters such as DE'],
  ])('%j is none: %s', (text, message) => {
    expect(messageOf(country, text)).toBe(message);
  });

  test.each(['EUR', 'USD', 'JPY', 'KWD', 'XCG', 'XAF', 'XOF', 'XPF', 'XCD', 'VES', 'ZWG'])('%s is a currency', (code) => {
    expect(payableCurrency.parse(code)).toBe(code);
  });
  test.each(['XXX', 'XAU', 'XTS', 'XDR', 'XUA', 'CLF', 'CHE', 'BOV', 'USN', 'HRK', 'BGN', 'ANG', 'eur', 'EURO', 'ABC', '', '€'])(
    '%j is none to pay in',
    (text) => {
      expect(messageOf(payableCurrency, text)).not.toBeNull();
    },
  );
  test('what to write instead is said', () => {
    expect(messageOf(payableCurrency, 'eur')).toBe('eur is no currency of ISO 4217 that payees are paid in; use EUR');
    expect(messageOf(payableCurrency, ' EUR')).toBe('write EUR without blanks around it');
    expect(messageOf(payableCurrency, 'HRK')).toContain('use EUR');
    expect(messageOf(payableCurrency, 'ANG')).toContain('use XCG');
    expect(messageOf(payableCurrency, 'PT50000201231234567890154')).toBe('an ISO 4217 code of three capital letters such as EUR');
  });
});

test('a time in the one form of the database is its own form', () => {
  expect(time.parse('2030-01-01T00:00:00.000Z')).toBe('2030-01-01T00:00:00.000Z');
});
