import { closestMatch } from 'leven';
import { CSV_COLUMNS } from '../../contracts/batches.js';
import type { FieldError } from '../../domain/result.js';
import { UTF_16 } from './csv-faults.js';

export type CsvColumn = (typeof CSV_COLUMNS)[number];

/** The columns that every file must have; a payee that the workspace knows needs no others. */
export const REQUIRED: readonly CsvColumn[] = ['payee_reference', 'amount', 'reference'];

export interface CsvHeader {
  columns: CsvColumn[];
  /** Cells of the header, with the ones without a name at its end. */
  width: number;
}

/** People write `Payee Reference` or `payee-reference` too. */
const bare = (name: string): string => name.toLowerCase().replace(/[\p{White_Space}\p{Pd}_]+/gu, '');

const BY_NAME = new Map<string, CsvColumn>(CSV_COLUMNS.map((column) => [bare(column), column]));

/** The column that a cell of the header names. */
export const knownColumn = (cell: string): CsvColumn | undefined => BY_NAME.get(bare(cell));

/**
 * The columns of a file, in its order. An unknown column is an error, because it may be a misspelled one. The error names its
 * place and not its text, because the first line of a file without a header holds somebody's data. Empty cells at the end are what a
 * spreadsheet writes for a column that was emptied.
 */
export const parseHeader = (cells: readonly string[]): CsvHeader | { errors: FieldError[] } => {
  // UTF-16 without a byte order mark decodes as UTF-8 where its text is ASCII, with a NUL beside every character.
  if (cells.some((cell) => cell.includes('\u0000'))) return { errors: [UTF_16] };
  const columns: CsvColumn[] = [];
  const errors: FieldError[] = [];
  for (const [i, cell] of cells.slice(0, cells.findLastIndex((name) => name !== '') + 1).entries()) {
    const column = knownColumn(cell);
    if (!column) errors.push(wrong(`column ${i + 1}`, 'unknown_column', unknownMessage(cell, cells.length)));
    else if (columns.includes(column)) errors.push(wrong(column, 'repeated_column', 'name each column once'));
    else columns.push(column);
  }
  for (const column of REQUIRED) if (!columns.includes(column)) errors.push(wrong(column, 'missing_column', 'the first line must name this column'));
  return errors.length > 0 ? { errors } : { columns, width: cells.length };
};

const wrong = (field: string, reason: string, message: string): FieldError => ({ field, reason, message });

/** As many changes as a slip of the fingers makes. */
const CHANGES_MAX = 3;

const unknownMessage = (cell: string, cells: number): string => {
  if (cells === 1 && cell.includes('|')) return 'separate the columns by commas, semicolons or tabs';
  if (cell === '') return 'this column has no name; name it or remove it';
  const name = bare(cell);
  // Any three letters are three changes away from any other.
  const maxDistance = Math.min(CHANGES_MAX, Math.floor(name.length / 2));
  const nearest = name.length <= NAME_MAX ? closestMatch(name, [...BY_NAME.keys()], { maxDistance }) : undefined;
  return nearest ? `did you mean ${BY_NAME.get(nearest)}?` : `the first line may name only ${CSV_COLUMNS.join(', ')}`;
};

/** No longer name is close to one of a column. */
const NAME_MAX = 64;
