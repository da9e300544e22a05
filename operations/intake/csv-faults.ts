import type { FieldError } from '../../domain/result.js';
import type { DecodeFault } from './decode-lines.js';

/** What is wrong with a file as a whole, with the setting of the program that wrote it. */

const AS_UTF_8 = [
  'Excel has it as "CSV UTF-8 (Comma delimited)", LibreOffice as "Text CSV" with the character set "Unicode (UTF-8)"',
  'Numbers as CSV with the text encoding "Unicode (UTF-8)", Google Sheets as "Comma-separated values"',
].join(', ');

const ofFile = (reason: string, message: string): FieldError => ({ field: 'file', reason, message });

export const UTF_16 = ofFile('encoding', `the file is UTF-16, such as "Unicode Text" of Excel; save it as CSV UTF-8: ${AS_UTF_8}`);

export const FAULTS: Readonly<Record<DecodeFault, FieldError>> = {
  encoding: ofFile('encoding', `the file is not UTF-8; save it as CSV UTF-8: ${AS_UTF_8}`),
  utf16: UTF_16,
  spreadsheet: ofFile('spreadsheet', `this is a spreadsheet and no CSV file; save it as CSV UTF-8: ${AS_UTF_8}`),
  line_too_long: ofFile('line_too_long', 'a line is longer than 1 MiB; is this a CSV file?'),
};
