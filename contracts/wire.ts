import { z } from 'zod';
import { canonicalDigits, digitsMessage } from '../domain/bank-digits.js';
import { countryMessage, isCountry } from '../domain/country.js';
import { fromItemId, fromWireId, ID_PREFIXES, type IdKind } from '../domain/ids.js';
import { currencyExponent, currencyMessage } from '../domain/money.js';
import { networkMessage, readNetwork } from '../domain/network.js';
import { lostMessage, spreadsheetMark } from '../domain/spreadsheet-marks.js';
import { canonicalCode, canonicalLine, canonicalLines, hasLetter, unfitCharacter, unfitMessage } from '../domain/text.js';

/** Parts that resources share. Members are snake_case, times RFC 3339 in UTC, amounts integer minor units. */

/** What an id looks like, for the description of the API. */
export const idPattern = (kind: IdKind | 'item'): string =>
  kind === 'item' ? '^item_[0-9a-f]{32}[0-7][0-9a-f]{7}$' : `^${ID_PREFIXES[kind]}_[0-9a-f]{32}$`;

/** A type-prefixed id in a request; parses to the UUID inside. */
export const id = (kind: IdKind) =>
  z
    .string()
    .meta({ description: `Id of a ${kind}`, pattern: idPattern(kind) })
    .transform((wire, issue) => {
      const uuid = fromWireId(kind, wire);
      if (uuid === null)
        issue.addIssue({
          code: 'custom',
          message: `this is not the id of ${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`,
          params: { reason: 'id_form' },
        });
      return uuid ?? z.NEVER;
    });

/** The id of an item in a request; parses to batch and ordinal. */
export const itemId = z
  .string()
  .meta({ pattern: idPattern('item') })
  .transform((wire, issue) => {
    const place = fromItemId(wire);
    if (place === null) issue.addIssue({ code: 'custom', message: 'this is not the id of an item', params: { reason: 'id_form' } });
    return place ?? z.NEVER;
  });

/** An id in an answer. */
export const wireId = z.string().meta({ pattern: '^[a-z]+_[0-9a-f]{32}([0-7][0-9a-f]{7})?$', examples: ['batch_0198c2aa7c1e7b3d9f10a4c2e6b80d11'] });

/** An e-mail address in a request. */
export const email = z.email().max(254);

/** A time in an answer. */
export const timestamp = z.iso.datetime({ offset: true }).meta({ description: 'RFC 3339, UTC in answers' });

const isUsable = (time: string): boolean => {
  const year = new Date(time).getUTCFullYear();
  return year >= 1970 && year <= 9998;
};

/** A time in a request: any offset, UTC years 1970 to 9998; parses to UTC with milliseconds, as it is kept. */
export const time = z.iso
  .datetime({ offset: true })
  .refine(isUsable, { message: 'a time between the years 1970 and 9998, in UTC', params: { reason: 'time_range' }, abort: true })
  .overwrite((text) => new Date(text).toISOString())
  .meta({ description: 'RFC 3339 with any offset; kept in UTC, to the millisecond' });

const fitting =
  (form: { lines: boolean }): z.core.CheckFn<string> =>
  ({ value, issues }) => {
    const unfit = unfitCharacter(value, form);
    if (unfit) issues.push({ code: 'custom', input: value, message: unfitMessage(unfit), params: { reason: 'characters' }, continue: false });
  };

/** One line of text that people read, of 1 to `max` characters in its one form (domain/text.ts), in which it is kept and compared. */
export const line = (max: number, min = 1) =>
  z
    .string()
    .check(fitting({ lines: false }))
    .overwrite(canonicalLine)
    .min(min)
    .max(max);

/** Text of several lines, such as a comment. */
export const lines = (max: number) =>
  z
    .string()
    .overwrite(canonicalLines)
    .check(fitting({ lines: true }))
    .min(1)
    .max(max);

/** Stops at a text of which `messageOf` says what is wrong. */
const refusing =
  (reason: string, messageOf: (text: string) => string | null | undefined): z.core.CheckFn<string> =>
  ({ value, issues }) => {
    const message = messageOf(value);
    if (message) issues.push({ code: 'custom', input: value, message, params: { reason }, continue: false });
  };

/** Refuses what is left of a text that a spreadsheet or an encoding lost: `#N/A`, U+FFFD. */
export const notLost = refusing('spreadsheet_cell', (text) => lostMessage(text.trim()));

/** The name of somebody or something: a line with a letter in it. */
export const name = (max: number) =>
  line(max)
    .check(notLost)
    .refine((text) => text === '' || hasLetter(text), { message: 'a name has a letter in it', params: { reason: 'no_letter' } });

/** A code such as an IBAN or BIC, as people paste it; parses to its one form (domain/text.ts), of at most `max` characters. */
export const pastedCode = (max: number) =>
  z
    .string()
    .check(refusing('spreadsheet_cell', (text) => spreadsheetMark(text.trim())?.message))
    .overwrite(canonicalCode)
    .check(fitting({ lines: false }))
    .max(max);

/** An account or routing number, as people paste it; parses to its one form (domain/bank-digits.ts), of at most `max` digits. */
export const pastedDigits = (max: number) => z.string().check(refusing('not_digits', digitsMessage)).overwrite(canonicalDigits).max(max);

/** A network in CIDR notation, or one address; parses to its one form (domain/network.ts). */
export const network = z
  .string()
  .max(50)
  .check(refusing('network', networkMessage))
  .overwrite((text) => readNetwork(text) ?? text)
  .meta({ description: 'IPv4 or IPv6 network in CIDR notation (RFC 4632), or one address', examples: ['203.0.113.0/24', '2001:db8::/32'] });

/** Who did something: a member of the workspace with their present roles, and the API key if one was used. */
export const doneBy = z
  .object({ person_id: wireId, name: z.string(), roles: z.array(z.string()), api_key: z.object({ id: wireId, name: z.string() }).nullable() })
  .meta({ id: 'DoneBy' });

/** Integer minor units. Balances of external and suspense accounts may be negative. */
export const minorUnits = z.number().int().min(-Number.MAX_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER);

/** A currency in an answer. */
export const currency = z.string().regex(/^[A-Z]{3}$/, 'an ISO 4217 code such as EUR');

/** A currency of ISO 4217 to pay in, in a request. */
export const payableCurrency = z
  .string()
  .refine((text) => currencyExponent(text) !== null, { error: ({ input }) => currencyMessage(String(input)), params: { reason: 'unknown_currency' } })
  .meta({ pattern: '^[A-Z]{3}$', description: 'ISO 4217' });

/** A country of ISO 3166-1, in a request. */
export const country = z
  .string()
  .refine(isCountry, { error: ({ input }) => countryMessage(String(input)), params: { reason: 'unknown_country' } })
  .meta({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2' });

/** 32 bytes as hex. */
export const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const page = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  starting_after: z
    .string()
    .regex(/^[a-z]+_[0-9a-f]{32,40}$/, 'the next_cursor of the page before')
    .optional(),
};

export const listOf = <T extends z.ZodType>(data: T) =>
  z.object({ object: z.literal('list'), data: z.array(data), has_more: z.boolean(), next_cursor: z.string().nullable() });

/** One wrong field of an input, or one wrong cell of a file. */
export const fieldError = z.object({
  field: z.string(),
  reason: z.string(),
  message: z.string(),
  row: z.number().int().meta({ description: 'Row of a CSV as a spreadsheet numbers it: the header is 1, empty rows count' }).optional(),
  line: z.number().int().meta({ description: 'Line of the file on which that row begins, where it is another number' }).optional(),
  equals: z
    .object({ batch_id: wireId, item_id: wireId, ordinal: z.number().int(), state: z.string(), payee_reference: z.string(), amount: minorUnits })
    .meta({ description: 'Of a payment that an earlier batch has already: that one, its payee and its amount' })
    .optional(),
});

/** RFC 9457. */
export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    request_id: z.string(),
    errors: z.array(fieldError).optional(),
  })
  .loose()
  .meta({ id: 'Problem' });

/** Six digits; blanks between them, as authenticators show them, are dropped. Marked secret: left out of the input hash of an idempotent request. */
export const code = z
  .string()
  .max(32)
  .regex(/^\s*(?:\d\s*){6}$/, 'six digits')
  .overwrite((typed) => typed.replace(/\s/g, ''))
  .meta({ secret: true });

/**
 * A code of an authenticator, or a recovery code: 20 letters and digits in groups of five. Hyphens and blanks do not count, nor does the case of
 * letters. Marked secret like a code.
 */
export const anyCode = z
  .string()
  .max(64)
  .regex(/^\s*(?:(?:\d\s*){6}|(?:[0-9A-Za-z][\s-]*){20})$/, 'six digits, or a recovery code of 20 letters and digits')
  .overwrite((typed) => typed.replaceAll(/\s+/g, ''))
  .meta({ secret: true });
