import { pipeline, Readable } from 'node:stream';
import { CsvError, type Options, parse } from 'csv-parse';
import type { FieldError } from '../../domain/result.js';
import { knownColumn } from './csv-header.js';

/** Where a row stands. */
export interface Place {
  /** The number that a spreadsheet shows beside it: 1-based, the header and empty rows count. */
  row: number;
  /** Line of the file on which it begins, 1-based; cells that hold line ends make it another number. */
  line: number;
}

export interface CsvRecord extends Place {
  cells: string[];
}

/** A record that cannot be told apart from what follows. Nothing after it is read. */
export class WrongRecord extends Error {
  constructor(readonly error: FieldError) {
    super(error.reason);
  }
}

/** What spreadsheets write between cells. */
export const SEPARATORS = [',', ';', '\t'] as const;
export type Separator = (typeof SEPARATORS)[number];

/** Characters of a record; no record of valid cells has more. */
const RECORD_MAX = 16_384;

/** RFC 4180 with any line end. Blanks around quotes are dropped here, blanks inside of them once lines are counted. */
const OPTIONS: Options = {
  record_delimiter: ['\r\n', '\n', '\r'],
  relax_column_count: true,
  trim: true,
  max_record_size: RECORD_MAX,
};

/** Records of one turn behind the first quote. */
const RECORDS_A_TURN = 256;

/**
 * The records of a file, many at a time, also the empty ones. `next` is the place of the record that comes next, and moves on. Most files
 * have no quotes, and then a record is a line that is cut at its separators, which takes a third of the parser's time. The parser
 * reads what comes after the first quote or the first line that is too long. Throws WrongRecord.
 */
export async function* readRecords(
  lines: AsyncGenerator<string>,
  next: Place,
): AsyncGenerator<{ separator: Separator | null; records: CsvRecord[] }> {
  let separator: Separator | null = null;
  let directed = false;
  let text = await lines.next();
  if (!text.done) {
    const directive = separatorLine(text.value);
    if (directive) {
      separator = directive.separator;
      directed = true;
      next.line += 1;
      text = { done: false, value: text.value.slice(directive.length) };
    }
  }
  for (; !text.done; text = await lines.next()) {
    if (directed) {
      const used = separatorOf(text.value);
      if (used && used.names > 0 && used.separator !== separator) throw new WrongRecord(OTHER_SEPARATOR);
      directed = used === null;
    }
    separator ??= separatorOf(text.value)?.separator ?? null;
    const records = separator ? simpleRecords(text.value, separator) : emptyRecords(text.value);
    if (!records) break;
    yield { separator, records: records.map((cells) => ({ cells, row: next.row++, line: next.line++ })) };
  }
  if (text.done || !separator) return;

  const onRecord = (cells: string[]): CsvRecord => {
    const record = { cells: cells.map((cell) => cell.trim()), row: next.row, line: next.line };
    next.row += 1;
    next.line += 1;
    for (const cell of cells) next.line += lineEndsIn(cell);
    return record;
  };
  // The types of the parser know no records but texts.
  const parser = parse({ ...OPTIONS, delimiter: separator, on_record: onRecord as unknown as NonNullable<Options['on_record']> });
  // Errors of both come out of the loop below.
  pipeline(Readable.from(resumed(text.value, lines)), parser, () => undefined);
  let records: CsvRecord[] = [];
  try {
    for await (const record of parser as AsyncIterable<CsvRecord>) {
      records.push(record);
      if (records.length < RECORDS_A_TURN) continue;
      yield { separator, records };
      records = [];
    }
  } catch (error) {
    yield { separator, records };
    throw error instanceof CsvError ? new WrongRecord(syntaxError(error.code, next)) : error;
  }
  yield { separator, records };
}

async function* resumed(first: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}

const LINE_END = /\r\n|\n|\r/;

const lineEndsIn = (cell: string): number => (cell.includes('\n') || cell.includes('\r') ? cell.split(LINE_END).length - 1 : 0);

/** The records of whole lines without a quote, as the parser would read them; null when the parser has to. */
const simpleRecords = (lines: string, separator: Separator): string[][] | null => {
  if (lines.includes('"')) return null;
  const records: string[][] = [];
  const cut = lines.split(LINE_END);
  // Behind the last line end there is no line.
  if (cut.at(-1) === '') cut.pop();
  for (const line of cut) {
    if (line.length > RECORD_MAX) return null;
    const cells = line.split(separator);
    for (let i = 0; i < cells.length; i++) cells[i] = cells[i]?.trim() ?? '';
    records.push(cells);
  }
  return records;
};

/** Lines before the header hold nothing, whatever separates it. */
const emptyRecords = (lines: string): string[][] | null => simpleRecords(lines.replace(/[^\r\n]/g, ''), ',');

/** `sep=;`: a line for Excel, which takes it for no row. */
const SEPARATOR_LINE = /^"?sep=([^\r\n"])"?[,;\t]*(?:\r\n|\n|\r|$)/i;

const separatorLine = (text: string): { separator: Separator; length: number } | null => {
  const match = SEPARATOR_LINE.exec(text);
  if (!match) return null;
  const separator = SEPARATORS.find((one) => one === match[1]);
  if (!separator) throw new WrongRecord({ field: 'file', reason: 'separator', message: 'separate the columns by commas, semicolons or tabs' });
  return { separator, length: match[0].length };
};

const OTHER_SEPARATOR: FieldError = {
  field: 'file',
  reason: 'separator',
  message: 'the line sep= names another separator than the file uses; delete that line',
};

/** What separates most known names in the first line that is not empty, and how many; null as long as there is none. */
const separatorOf = (lines: string): { separator: Separator; names: number } | null => {
  const header = /^.*[^\s,;"].*$/m.exec(lines)?.[0];
  if (header === undefined) return null;
  const known = (separator: Separator) => header.split(separator).filter((cell) => knownColumn(cell.replaceAll('"', ''))).length;
  const [most] = SEPARATORS.map((separator) => ({ separator, names: known(separator) })).sort((a, b) => b.names - a.names);
  return most ?? null;
};

const syntaxError = (code: string, place: Place): FieldError =>
  code === 'CSV_MAX_RECORD_SIZE'
    ? { field: 'row', reason: 'row_too_long', message: 'this row never ends; a quote may be missing its pair', ...shownPlace(place) }
    : {
        field: 'row',
        reason: 'quotes',
        message: 'a quoted cell begins and ends with a quote, and a quote inside it is doubled',
        ...shownPlace(place),
      };

/** The place of a row in an error: its line only where that is another number. */
export const shownPlace = ({ row, line }: Place): Pick<FieldError, 'row' | 'line'> => (line === row ? { row } : { row, line });
