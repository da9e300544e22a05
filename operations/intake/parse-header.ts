import { CSV_COLUMNS } from '../../contracts/batches.js';
import type { FieldError } from '../../domain/result.js';

export type CsvColumn = (typeof CSV_COLUMNS)[number];

/** What every file must have; a known payee needs no more. */
const REQUIRED: readonly CsvColumn[] = ['payee_reference', 'amount', 'reference'];

export const NOT_UTF8: FieldError = { field: 'file', reason: 'encoding', message: 'the file is not UTF-8; export it as UTF-8' };

/**
 * The columns of a file, in its order. A column that we do not know is an error and not ignored: it may be a
 * misspelled one. It is named by its place, since in a file without a header it would hold somebody's data.
 */
export const parseHeader = (cells: readonly string[]): { columns: CsvColumn[] } | { errors: FieldError[] } => {
  // UTF-16 decodes as UTF-8 where its text is ASCII, with a NUL beside every character.
  if (cells.some((cell) => cell.includes('\u0000'))) return { errors: [NOT_UTF8] };
  const columns: CsvColumn[] = [];
  const errors: FieldError[] = [];
  for (const [i, cell] of cells.entries()) {
    const column = CSV_COLUMNS.find((name) => name === cell);
    if (!column) errors.push(wrong(`column ${i + 1}`, 'unknown_column', unknownMessage(cells)));
    else if (columns.includes(column)) errors.push(wrong(column, 'repeated_column', 'name each column once'));
    else columns.push(column);
  }
  for (const column of REQUIRED) if (!columns.includes(column)) errors.push(wrong(column, 'missing_column', 'the first line must name this column'));
  return errors.length > 0 ? { errors } : { columns };
};

const wrong = (field: string, reason: string, message: string): FieldError => ({ field, reason, message });

const unknownMessage = (cells: readonly string[]): string =>
  cells.length === 1 && /[;\t|]/.test(cells[0] ?? '') ? 'separate the columns by commas' : `the first line may name only ${CSV_COLUMNS.join(', ')}`;
