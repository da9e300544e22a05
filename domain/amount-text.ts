import { spreadsheetMark } from './spreadsheet-marks.js';
import { unfitCharacter, unfitMessage } from './text.js';

/** How an amount looks in a currency with so many digits after the point. */
const exampleOf = (digits: number): string => (digits === 0 ? '1234' : `1234.${'5'.padEnd(digits, '0')}`);

/** How to write an amount of a currency with so many digits after the point. */
export const amountForm = (digits: number): string =>
  `write the amount as digits ${digits === 0 ? 'alone' : 'with a point'}, such as ${exampleOf(digits)}`;

const THOUSANDS = /^[1-9]\d{0,2}(?:(?:[,'’\s]\d{2,3})*[,'’\s]\d{3}(?:\.\d+)?|(?:\.\d{3}){2,})$/;
const DECIMAL_COMMA = /^(?:\d+|\d{1,3}(?:[.'’\s]\d{3})+),\d+$/;

/** Which separator an amount has that is none here; `either` where a comma before three digits could be both. */
export const separatorIn = (text: string, digits: number): 'thousands' | 'decimal_comma' | 'either' | null => {
  if (digits === 3 && /^[1-9]\d{0,2},\d{3}$/.test(text)) return 'either';
  if (THOUSANDS.test(text)) return 'thousands';
  return DECIMAL_COMMA.test(text) ? 'decimal_comma' : null;
};

const DATE = /^(?:\d{1,4}([-./])\d{1,2}\1\d{1,4}(?:[T ]\d.*)?|\d{1,2}-\p{L}{3,4}\.?(?:-\d{2,4})?|\p{L}{3,4}\.?-\d{2})$/u;
const CURRENCY = /^(?:[\p{Sc}\p{L}][\p{Sc}\p{L}.]{0,3}\s*[\d.,'’\s-]*\d|\d[\d.,'’\s]*[\p{Sc}\p{L}][\p{Sc}\p{L}.]{0,3})$/u;
const NEGATIVE = /^(?:[\p{Pd}\u2212]\s*\d.*|\d.*[\p{Pd}\u2212])$/u;

/** What an amount is that is no decimal with a point, and how to write it. It repeats nothing of it. */
export const amountTextMessage = (text: string, digits: number): string => {
  const unfit = unfitCharacter(text);
  if (unfit) return unfitMessage(unfit);
  const mark = spreadsheetMark(text);
  if (mark?.kind === 'exponent') return `this is a number with an exponent; format the column as a number with ${digits} decimals and export again`;
  if (mark) return mark.message;
  const form = amountForm(digits);
  if (DATE.test(text)) return `this is a date; format the column as a number, and ${form}`;
  if (/^\(.*\d.*\)$/.test(text)) return 'parentheses make an amount negative, and the amount must be greater than zero';
  if (NEGATIVE.test(text)) return 'the amount must be greater than zero';
  if (/^\+\s*\d/.test(text)) return `leave out the sign: ${form}`;
  if (/%$/.test(text)) return `this is a percentage; format the column as a number, and ${form}`;
  if (CURRENCY.test(text)) return `leave out the currency, which the batch has: ${form}`;
  const separator = separatorIn(text, digits);
  if (separator === 'thousands') return `leave out the thousands separator: ${form}`;
  if (separator === 'either') return `a comma before three digits may group thousands or be a decimal comma: ${form}`;
  if (/^0\d+(?:\.\d+)?$/.test(text)) return `leave out the zeros before the amount: ${form}`;
  return form;
};

/** Why an amount has too many digits after its point. */
export const fractionMessage = (text: string, currency: string, digits: number): string => {
  const has = digits === 0 ? `${currency} has no digits after the point` : `${currency} has ${digits} digits after the point`;
  const grouped = /^[1-9]\d{0,2}\.\d{3}$/.test(text) ? '; leave the point out where it groups thousands' : '';
  return `${has}: ${amountForm(digits)}${grouped}`;
};
