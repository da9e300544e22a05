import type { Problem } from '../../client/problem-error.js';

type FieldError = NonNullable<Problem['errors']>[number];

/** A wrong cell of a file as a person finds it: `row 7 (line 9), iban: the checksum is wrong`. `row` is no column. Without a row it is of the whole file. */
export const errorLine = ({ row, line, field, message }: FieldError): string => {
  const file = line === undefined ? '' : ` (line ${line})`;
  if (row === undefined) return `${field}: ${message}`;
  return `row ${row}${file}${field === 'row' ? '' : `, ${field}`}: ${message}`;
};
