import { CsvError, parse } from 'csv-parse/sync';
import { PROPOSAL_ITEMS_MAX } from '../domain/proposal.js';
import { EXIT, Failure } from './failure.js';
import { readText } from './files.js';
import { isItemName } from './find-item.js';

/** An item as a person named it. */
export interface NamedItem {
  name: string;
  /** Where it was named, for messages: a line of a file or a flag. */
  place: string;
  provider_reference?: string;
}

/** What spreadsheets write between cells. */
const SEPARATOR = /[,;\t]/;

/** `sep=;`: a line for Excel, which takes it for no row. */
const SEPARATOR_LINE = /^"?sep=([,;\t])"?[,;\t]*(?:\r\n|\n|\r|$)/i;

/**
 * Item and reference of each line of a file. Only `item,reference` is a header: whatever else is no item is an error, because a line that is
 * passed over leaves a payment out. Fails on the first line that is wrong.
 */
export const referencesIn = (path: string): NamedItem[] => {
  const lines = linesIn(path);
  const [first] = lines;
  if (first && isHeader(first.cells)) lines.shift();
  if (lines.length === 0) throw new Failure(EXIT.usage, `${path} names no item: write item,reference in each line.`);
  if (lines.length > PROPOSAL_ITEMS_MAX)
    throw new Failure(EXIT.usage, `${path} names ${lines.length} items, and a proposal takes at most ${PROPOSAL_ITEMS_MAX}: split the file.`);
  const items = lines.map(({ cells, line }) => namedIn(cells, `${path}, line ${line}`));
  refuseSharedReference(items);
  return items;
};

const isHeader = ([item = '', reference = '', ...rest]: readonly string[]): boolean =>
  rest.length === 0 && item.toLowerCase() === 'item' && reference.toLowerCase() === 'reference';

const namedIn = ([name = '', reference = '', ...rest]: readonly string[], place: string): NamedItem => {
  if (!isItemName(name))
    throw new Failure(EXIT.usage, `${place}: ${name || 'the first cell'} is no item; write its number, such as 12, or its id (item_…).`);
  if (reference === '') throw new Failure(EXIT.usage, `${place}: write item,reference; the reference of item ${name} is missing.`);
  if (rest.length > 0) throw new Failure(EXIT.usage, `${place}: write item,reference and no more; quote a reference that holds a separator.`);
  return { name, place, provider_reference: reference };
};

const bare = (name: string): string => name.replace(/^#/, '');

const refuseSharedReference = (items: readonly NamedItem[]): void => {
  const given = new Map<string, NamedItem>();
  for (const item of items) {
    const { name, place, provider_reference: reference = '' } = item;
    const earlier = given.get(reference);
    if (earlier && bare(earlier.name) !== bare(name))
      throw new Failure(EXIT.usage, `${place}: ${reference} is given for item ${earlier.name} already; a provider names each payment otherwise.`);
    given.set(reference, item);
  }
};

/** The lines that hold something, each with its cells up to the last that is not empty. */
const linesIn = (path: string): { cells: string[]; line: number }[] => {
  const whole = readText(path);
  const directive = SEPARATOR_LINE.exec(whole);
  const text = directive ? whole.slice(directive[0].length) : whole;
  const before = directive ? 1 : 0;
  const delimiter = directive?.[1] ?? SEPARATOR.exec(text.replace(/"[^"]*"/g, ''))?.[0] ?? ',';
  try {
    const records = parse(text, {
      delimiter,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      trim: true,
      info: true,
      // The types of the parser know no records with their places.
    }) as unknown as { record: string[]; info: { lines: number } }[];
    return records
      .map(({ record, info }) => ({ cells: record.slice(0, record.findLastIndex((cell) => cell !== '') + 1), line: info.lines + before }))
      .filter(({ cells }) => cells.length > 0);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { lines } = error as CsvError & { lines?: number };
    const place = lines === undefined ? path : `${path}, line ${lines + before}`;
    throw new Failure(EXIT.usage, `${place}: a quoted cell begins and ends with a quote, and a quote inside it is doubled.`);
  }
};
