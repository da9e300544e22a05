import { CSV_ROWS_MAX } from '../../contracts/batches.js';
import type { FieldError } from '../../domain/result.js';
import { FAULTS } from './csv-faults.js';
import { type CsvColumn, type CsvHeader, columnAt, headerBelow, namesRequired, parseHeader, REQUIRED } from './csv-header.js';
import { type CsvRecord, type Place, readRecords, SEPARATORS, type Separator, shownPlace, WrongRecord } from './csv-records.js';
import { type DecodeFault, decodeLines } from './decode-lines.js';
import { RowWidths } from './row-widths.js';
import { saysTotal, TOTAL_ROW } from './total-row.js';

/** One data row: its cells by column, without the blank ones. */
export interface CsvRow {
  /** As an error shows it. */
  place: Pick<FieldError, 'row' | 'line'>;
  cells: Partial<Record<CsvColumn, string>>;
  /** In a file with commas, the one to three digits in the cell behind a whole amount: a decimal comma without quotes leaves them there. */
  decimals?: string;
}

/** A part of a file: the rows that can be read, and the errors of the other rows or of the file. */
export interface CsvPart {
  /** Index of the part's first row, 0-based; wrong rows count, empty ones do not. */
  from: number;
  rows: CsvRow[];
  errors: FieldError[];
}

/**
 * Reads a CSV as spreadsheets write it, in parts of `partRows` rows; memory does not grow with the file. Rows whose cells are all empty
 * are skipped. A fault of the file itself (encoding, quotes, header, no rows, too many rows) stands in the errors of the last part.
 */
export async function* readCsv(bytes: AsyncIterable<Uint8Array>, partRows: number): AsyncGenerator<CsvPart> {
  let fault: DecodeFault | null = null;
  const lines = decodeLines(bytes, (found) => {
    fault = found;
  });

  let header: CsvHeader | null = null;
  let widths: RowWidths | null = null;
  let headerErrors: FieldError[] | null = null;
  let lookedAt = 0;
  let row = 0;
  let emptyRows = 0;
  const next: Place = { row: 1, line: 1 };
  let part: CsvPart = { from: 0, rows: [], errors: [] };
  try {
    for await (const { separator, records } of readRecords(lines, next))
      for (const record of records) {
        if (isEmpty(record)) emptyRows += 1;
        else if (header) row += 1;
        if (row > CSV_ROWS_MAX || emptyRows > CSV_ROWS_MAX) {
          part.errors.push({ ...TOO_MANY_ROWS, ...shownPlace(record) });
          return yield part;
        }
        if (isEmpty(record)) continue;
        if (headerErrors) {
          if (isHeader(record, separator)) return yield { ...part, errors: [headerBelow(record.row)] };
          lookedAt += 1;
          if (lookedAt === TITLE_ROWS) return yield { ...part, errors: headerErrors };
          continue;
        }
        if (!header || !widths) {
          const parsed = parseHeader(record.cells);
          if ('errors' in parsed) {
            headerErrors = parsed.errors;
            continue;
          }
          header = parsed;
          widths = new RowWidths(header.width, record.row);
          continue;
        }
        const read = toRow(record, header, widths, separator);
        if ('reason' in read) part.errors.push(read);
        else part.rows.push(read);
        if (row - part.from === partRows) {
          yield part;
          part = { from: row, rows: [], errors: [] };
        }
      }
  } catch (error) {
    if (!(error instanceof WrongRecord)) throw error;
    if (headerErrors) return yield { ...part, errors: headerErrors };
    // A text that ends early may end inside a quote.
    part.errors.push(fault ? { ...FAULTS[fault as DecodeFault], ...shownPlace(next) } : error.error);
    return yield part;
  }
  part.errors.push(...(headerErrors ?? fileErrors(fault, header, row, next)));
  if (part.rows.length > 0 || part.errors.length > 0) yield part;
}

const TOO_MANY_ROWS = {
  field: 'file',
  reason: 'too_many_rows',
  message: `a file has at most ${CSV_ROWS_MAX} rows, and as many empty ones; make several batches`,
};

const isEmpty = ({ cells }: CsvRecord): boolean => cells.every((cell) => cell === '');

/** So many rows below a wrong header are looked at: a title and what belongs to it may stand above the header. */
const TITLE_ROWS = 5;

/** A title says nothing of what separates the cells, so the record may be cut at the wrong separator. */
const isHeader = ({ cells }: CsvRecord, cutAt: Separator | null): boolean =>
  SEPARATORS.some((separator) => namesRequired(cells.join(cutAt ?? ',').split(separator)));

/** The cells of a record under their columns, or why nobody can say which is which. */
const toRow = (record: CsvRecord, { columns, width }: CsvHeader, widths: RowWidths, separator: Separator | null): CsvRow | FieldError => {
  const { cells } = record;
  const place = shownPlace(record);
  if (saysTotal(cells)) return { ...TOTAL_ROW, ...place };
  const due = widths.of(record.row, cells.length);
  const lacks = columns.slice(cells.length).some((column) => REQUIRED.includes(column));
  if (cells.length !== due.width || lacks)
    return {
      field: 'row',
      reason: 'ragged_row',
      message: `this row has ${cells.length} cells, ${due.width === width || lacks ? `the header has ${width}` : `row ${due.row} has ${due.width}`}; ${WHOLE_ROWS}`,
      ...place,
    };
  const unnamed = cells.findIndex((cell, i) => i >= columns.length && cell !== '');
  if (unnamed >= 0)
    return { field: columnAt(unnamed), reason: 'unnamed_column', message: 'name this column in the first line, or empty it', ...place };
  const row = { place, cells: byColumn(columns, cells) };
  if (separator === ',') return withDecimals(row, cells[columns.indexOf('amount') + 1] ?? '');
  return GROUPED.test(row.cells.amount ?? '') ? { ...AMBIGUOUS, ...place } : row;
};

const WHOLE_ROWS = 'write every cell of a row, also an empty one, and quote a cell that holds a separator, such as a decimal comma, or a line end';

const byColumn = (columns: readonly CsvColumn[], cells: readonly string[]): CsvRow['cells'] => {
  const row: CsvRow['cells'] = {};
  for (const [i, column] of columns.entries()) {
    const cell = cells[i];
    if (cell) row[column] = cell;
  }
  return row;
};

const withDecimals = (row: CsvRow, behind: string): CsvRow =>
  /^\d{1,3}$/.test(behind) && /^\d+$/.test(row.cells.amount ?? '') ? { ...row, decimals: behind } : row;

/** Programs that write a decimal comma separate cells by semicolons, and group thousands by points. */
const GROUPED = /^[1-9]\d{0,2}(\.\d{3})+$/;

const AMBIGUOUS = {
  field: 'amount',
  reason: 'ambiguous_amount',
  message:
    'in a file with semicolons or tabs, a point before three digits may group thousands; leave it out, or separate the cells by commas where it is a decimal point',
};

const fileErrors = (fault: DecodeFault | null, header: CsvHeader | null, row: number, next: Place): FieldError[] => {
  if (fault) return [{ ...FAULTS[fault], ...(fault === 'encoding' || fault === 'line_too_long' ? shownPlace(next) : {}) }];
  if (!header) return [{ field: 'file', reason: 'empty_file', message: 'the file is empty; begin with the line that names the columns' }];
  if (row === 0) return [{ field: 'file', reason: 'no_rows', message: 'the file has a header and no rows' }];
  return [];
};
