import type { z } from 'zod';

type Issue = z.core.$ZodRawIssue;

/**
 * What is wrong with a field that its contract gives no sentence of its own, in words of ours: what is allowed, without the value, which may be
 * a bank account.
 */
export const fieldMessage = (issue: Issue): string => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'this field is required' : `this has to be ${KINDS[issue.expected] ?? 'of another type'}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${counted(issue.origin, issue.maximum)}${isPage(issue) ? MORE : ''}`;
    case 'too_small':
      return tooSmall(issue.origin, Number(issue.minimum), issue.inclusive !== false);
    case 'invalid_value':
      return oneOf(issue.values.map(String));
    case 'invalid_format':
      return FORMATS[issue.format] ?? 'this is not of the right form';
    default:
      return 'this is not of the right form';
  }
};

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

const FORMATS: Readonly<Record<string, string>> = {
  datetime: 'a time of RFC 3339, such as 2026-01-31T12:00:00Z',
  email: 'an e-mail address',
};

const UNITS: Readonly<Record<string, readonly [string, string]>> = { string: ['character', 'characters'], array: ['entry', 'entries'] };

const counted = (origin: string, count: number | bigint): string => {
  const unit = UNITS[origin];
  return unit ? `${count} ${unit[Number(count) === 1 ? 0 : 1]}` : String(count);
};

const tooSmall = (origin: string, minimum: number, inclusive: boolean): string => {
  if (minimum === 1 && inclusive && origin in UNITS) return 'this must not be empty';
  return `${inclusive ? 'at least' : 'more than'} ${counted(origin, minimum)}`;
};

const oneOf = (values: readonly string[]): string =>
  values.length < 2 ? `this has to be ${values.join('')}` : `one of ${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;

/** The size of a page of a list; what it leaves is on the next one. */
const isPage = ({ path }: Issue): boolean => path?.length === 1 && path[0] === 'limit';
const MORE = '; read on with starting_after';
