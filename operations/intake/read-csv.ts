import { pipeline, Readable } from 'node:stream';
import { CsvError, type Options, parse } from 'csv-parse';
import { CSV_ROWS_MAX } from '../../contracts/batches.js';
import type { FieldError } from '../../domain/result.js';
import { type DecodeFault, decodeLines } from './decode-lines.js';
import { type CsvColumn, NOT_UTF8, parseHeader } from './parse-header.js';

/** One data row, cells by column, blank ones left out. */
export interface CsvRow {
  /** 1-based, the header not counted. */
  row: number;
  cells: Partial<Record<CsvColumn, string>>;
}

/** A part of a file: rows that have the right number of cells, and what is wrong with the others or with the file. */
export interface CsvPart {
  /** Index of the part's first row, 0-based, wrong rows counted. */
  from: number;
  rows: CsvRow[];
  errors: FieldError[];
}

/** RFC 4180 with either line end; blanks around cells are dropped, and a record never outgrows a line of our own cells. */
const OPTIONS: Options = {
  record_delimiter: ['\r\n', '\n', '\r'],
  relax_column_count: true,
  skip_empty_lines: true,
  trim: true,
  max_record_size: 16_384,
};

/**
 * Reads a CSV in parts of `partRows` rows with flat memory. A fault of the file itself (encoding, quotes, header, no
 * rows, too many) stands in the errors of the last part.
 */
export async function* readCsv(bytes: AsyncIterable<Uint8Array>, partRows: number): AsyncGenerator<CsvPart> {
  let fault: DecodeFault | null = null;
  const source = Readable.from(
    decodeLines(bytes, (found) => {
      fault = found;
    }),
  );
  const parser = parse(OPTIONS);
  // Errors of either come out of the loop below.
  pipeline(source, parser, () => undefined);

  let columns: CsvColumn[] | null = null;
  let row = 0;
  let part: CsvPart = { from: 0, rows: [], errors: [] };
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      if (!columns) {
        const header = parseHeader(cells);
        if ('errors' in header) return yield { ...part, errors: header.errors };
        columns = header.columns;
        continue;
      }
      row += 1;
      if (row > CSV_ROWS_MAX) {
        part.errors.push({ field: 'file', reason: 'too_many_rows', message: `a file has at most ${CSV_ROWS_MAX} rows; make several batches`, row });
        return yield part;
      }
      if (cells.length === columns.length) part.rows.push({ row, cells: byColumn(columns, cells) });
      else part.errors.push(ragged(row, columns.length, cells.length));
      if (row - part.from === partRows) {
        yield part;
        part = { from: row, rows: [], errors: [] };
      }
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    part.errors.push(syntaxError(error));
    return yield part;
  }
  part.errors.push(...fileErrors(fault, columns, row));
  if (part.rows.length > 0 || part.errors.length > 0) yield part;
}

const byColumn = (columns: readonly CsvColumn[], cells: readonly string[]): CsvRow['cells'] => {
  const row: CsvRow['cells'] = {};
  for (const [i, column] of columns.entries()) {
    const cell = cells[i];
    if (cell) row[column] = cell;
  }
  return row;
};

const ragged = (row: number, want: number, got: number): FieldError => ({
  field: 'row',
  reason: 'ragged_row',
  message: `this row has ${got} cells, the header has ${want}; quote cells that hold a comma or a line end`,
  row,
});

/** Its row is the parser's count: rows that were parsed but not handed out yet are lost with the parser. */
const syntaxError = (error: CsvError): FieldError => {
  const row = Math.max(1, Number(error['records']));
  return error.code === 'CSV_MAX_RECORD_SIZE'
    ? { field: 'row', reason: 'row_too_long', message: 'this row never ends; a quote may be missing its pair', row }
    : { field: 'row', reason: 'quotes', message: 'a quoted cell begins and ends with a quote, and a quote inside it is doubled', row };
};

const fileErrors = (fault: DecodeFault | null, columns: readonly CsvColumn[] | null, row: number): FieldError[] => {
  if (fault === 'encoding') return [{ ...NOT_UTF8, row: row + 1 }];
  if (fault === 'line_too_long')
    return [{ field: 'file', reason: 'line_too_long', message: 'a line is longer than 1 MiB; is this a CSV file?', row: row + 1 }];
  if (!columns) return [{ field: 'file', reason: 'empty_file', message: 'the file is empty; begin with the line that names the columns' }];
  if (row === 0) return [{ field: 'file', reason: 'no_rows', message: 'the file has a header and no rows' }];
  return [];
};
