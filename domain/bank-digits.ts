import { spreadsheetMark } from './spreadsheet-marks.js';
import { unfitCharacter, unfitMessage } from './text.js';

/**
 * The one form of an account or routing number as people paste it: without blanks, invisible characters and dashes between digits. A
 * point, a sign or a letter stays, because without it the number would be another account.
 */
export const canonicalDigits = (text: string): string =>
  text.replace(/[\p{White_Space}\p{Default_Ignorable_Code_Point}]+/gu, '').replace(/(?<=\d)\p{Pd}(?=\d)/gu, '');

const AS_TEXT = 'format the column as text and export again';

/** What is wrong with an account or routing number that has something else than digits, or null. It repeats nothing of it. */
export const digitsMessage = (text: string): string | null => {
  const digits = canonicalDigits(text);
  if (/^\d*$/.test(digits)) return null;
  const unfit = unfitCharacter(digits);
  if (unfit) return unfitMessage(unfit);
  const mark = spreadsheetMark(digits);
  if (mark) return mark.message;
  if (/^[+\p{Pd}\u2212][\d.,]+$/u.test(digits)) return 'leave out the sign: an account or routing number has none';
  if (/^\d[\d.,]*$/.test(digits)) return `this is a number that a spreadsheet rewrote, with a point or comma: ${AS_TEXT}`;
  return 'digits only; blanks and hyphens between them are left out';
};
