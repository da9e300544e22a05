import { pipeline, Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { CsvError, type Options, parse } from 'csv-parse';
import { CSV_COLUMNS, CSV_ROWS_MAX } from '../../contracts/batches.js';
import type { FieldError } from '../../domain/result.js';

export type CsvColumn = (typeof CSV_COLUMNS)[number];

/** One data row: its cells by column, without the blank ones. */
export interface CsvRow {
  /** 1-based; the header does not count. */
  row: number;
  cells: Partial<Record<CsvColumn, string>>;
}

/** A part of a file: the rows with the right number of cells, and the errors of the other rows or of the file. */
export interface CsvPart {
  /** Index of the part's first row, 0-based; wrong rows count. */
  from: number;
  rows: CsvRow[];
  errors: FieldError[];
}

/** Characters of a record; no record of valid cells has more. */
const RECORD_MAX = 16_384;

/** RFC 4180 with either line end. Blanks around cells are dropped. */
const OPTIONS: Options = {
  record_delimiter: ['\r\n', '\n', '\r'],
  relax_column_count: true,
  skip_empty_lines: true,
  trim: true,
  max_record_size: RECORD_MAX,
};

/**
 * Reads a CSV in parts of `partRows` rows; memory does not grow with the file. A fault of the file itself (encoding, quotes,
 * header, no rows, too many rows) stands in the errors of the last part.
 */
export async function* readCsv(bytes: AsyncIterable<Uint8Array>, partRows: number): AsyncGenerator<CsvPart> {
  let fault: DecodeFault | null = null;
  const lines = decodeLines(bytes, (found) => {
    fault = found;
  });

  let columns: CsvColumn[] | null = null;
  let row = 0;
  let part: CsvPart = { from: 0, rows: [], errors: [] };
  try {
    for await (const records of readRecords(lines))
      for (const cells of records) {
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
    if (!(error instanceof WrongRecord)) throw error;
    part.errors.push(syntaxError(error));
    return yield part;
  }
  part.errors.push(...fileErrors(fault, columns, row));
  if (part.rows.length > 0 || part.errors.length > 0) yield part;
}

/** A record that the parser refuses, after so many others. */
class WrongRecord extends Error {
  constructor(
    readonly before: number,
    readonly code: string,
  ) {
    super(code);
  }
}

/** Records of one turn behind the first quote. */
const RECORDS_A_TURN = 256;

/**
 * The records of a file, many at a time. Most files have no quotes, and then a record is a line that is cut at its commas, which takes a
 * third of the parser's time. The parser reads what comes after the first quote or the first line that is too long.
 */
async function* readRecords(lines: AsyncGenerator<string>): AsyncGenerator<string[][]> {
  let simple = 0;
  let next = await lines.next();
  for (; !next.done; next = await lines.next()) {
    const records = simpleRecords(next.value);
    if (!records) break;
    simple += records.length;
    yield records;
  }
  if (next.done) return;

  const parser = parse(OPTIONS);
  // Errors of both come out of the loop below.
  pipeline(Readable.from(resumed(next.value, lines)), parser, () => undefined);
  let records: string[][] = [];
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      records.push(cells);
      if (records.length < RECORDS_A_TURN) continue;
      yield records;
      records = [];
    }
  } catch (error) {
    yield records;
    throw error instanceof CsvError ? new WrongRecord(simple + Number(error['records']), error.code) : error;
  }
  yield records;
}

async function* resumed(first: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}

/** The records of whole lines without a quote, as the parser would read them; null when the parser has to. */
const simpleRecords = (lines: string): string[][] | null => {
  if (lines.includes('"')) return null;
  const records: string[][] = [];
  for (const line of lines.split(/\r\n|\n|\r/)) {
    if (line.length > RECORD_MAX) return null;
    const cells = line.split(',');
    for (let i = 0; i < cells.length; i++) cells[i] = cells[i]?.trim() ?? '';
    if (cells.length > 1 || cells[0] !== '') records.push(cells);
  }
  return records;
};

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

/** The row is the parser's own count, because rows that it has parsed and not yet yielded are lost. */
const syntaxError = (error: WrongRecord): FieldError => {
  const row = Math.max(1, error.before);
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

/** The columns that every file must have; a payee that the workspace knows needs no others. */
const REQUIRED: readonly CsvColumn[] = ['payee_reference', 'amount', 'reference'];

const NOT_UTF8: FieldError = { field: 'file', reason: 'encoding', message: 'the file is not UTF-8; export it as UTF-8' };

/**
 * The columns of a file, in its order. An unknown column is an error, because it may be a misspelled one. The error names its
 * place and not its text, because the first line of a file without a header holds somebody's data.
 */
const parseHeader = (cells: readonly string[]): { columns: CsvColumn[] } | { errors: FieldError[] } => {
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

/** The longest line that is read, bytes. Without a limit a file without line ends would fill the memory. */
const LINE_BYTES_MAX = 1 << 20;
const LINE_FEED = 0x0a;

/** Why a text ended before its file did. */
type DecodeFault = 'encoding' | 'line_too_long';

/**
 * Bytes → text in whole lines, decoded strictly as UTF-8 (a byte order mark is dropped). Holds one block and one line in memory.
 * At a fault it has yielded all good lines before it, calls `onFault` and ends.
 */
async function* decodeLines(bytes: AsyncIterable<Uint8Array>, onFault: (fault: DecodeFault) => void): AsyncGenerator<string> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  // Decoding starts anew at each line, so only the first may drop a byte order mark.
  let decoder = FIRST;
  for await (const block of bytes) {
    const end = block.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      const decoded = decode(decoder, Buffer.concat([...rest, block.subarray(0, end)]));
      yield decoded.text;
      if (!decoded.whole) return onFault('encoding');
      decoder = LATER;
      rest = [];
      restBytes = 0;
    }
    rest.push(block.subarray(end));
    restBytes += block.length - end;
    if (restBytes > LINE_BYTES_MAX) return onFault('line_too_long');
  }
  const last = decode(decoder, Buffer.concat(rest));
  yield last.text;
  if (!last.whole) onFault('encoding');
}

const FIRST = new TextDecoder('utf-8', { fatal: true });
const LATER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const decode = (decoder: TextDecoder, lines: Uint8Array): { text: string; whole: boolean } => {
  try {
    return { text: decoder.decode(lines), whole: true };
  } catch {
    return { text: goodLines(decoder, lines), whole: false };
  }
};

/** The lines before the first that is not UTF-8; a line feed is never part of another character. */
const goodLines = (decoder: TextDecoder, lines: Uint8Array): string => {
  let text = '';
  for (let from = 0; from < lines.length; ) {
    const to = lines.indexOf(LINE_FEED, from) + 1 || lines.length;
    try {
      text += decoder.decode(lines.subarray(from, to));
    } catch {
      break;
    }
    from = to;
  }
  return text;
};
