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

/** `column 4 (D)`, by the letter that a spreadsheet shows. `i` counts from 0. */
export const columnAt = (i: number): string => `column ${i + 1} (${lettersOf(i)})`;

const lettersOf = (i: number): string => (i < 26 ? '' : lettersOf(Math.floor(i / 26) - 1)) + String.fromCharCode(65 + (i % 26));

/** Whether cells name every column that a file must have. */
export const namesRequired = (cells: readonly string[]): boolean => {
  const known = cells.map(knownColumn);
  return REQUIRED.every((column) => known.includes(column));
};

/**
 * The columns of a file, in its order. An unknown column is an error, because it may be a misspelled one. The error names its
 * place and not its text, because the first line of a file without a header holds somebody's data. Empty cells at the end are what a
 * spreadsheet writes for a column that was emptied.
 */
export const parseHeader = (cells: readonly string[]): CsvHeader | { errors: FieldError[] } => {
  // UTF-16 without a byte order mark decodes as UTF-8 where its text is ASCII, with a NUL beside every character.
  if (cells.some((cell) => cell.includes('\u0000'))) return { errors: [UTF_16] };
  const named = cells.slice(0, cells.findLastIndex((name) => name !== '') + 1);
  const known = new Set(named.map(knownColumn));
  const meant = named.map((cell) => (knownColumn(cell) ? undefined : meantColumn(cell, known)));
  if (known.size === 1 && known.has(undefined) && meant.filter(Boolean).length < 2)
    return { errors: [named.length === 1 ? oneCell(named[0]) : NO_HEADER] };

  const columns: CsvColumn[] = [];
  const errors: FieldError[] = [];
  let listed = false;
  for (const [i, cell] of named.entries()) {
    const column = knownColumn(cell);
    if (column && !columns.includes(column)) columns.push(column);
    else if (column) errors.push(wrong(column, 'repeated_column', 'name each column once'));
    else {
      const nearest = meant[i];
      errors.push(wrong(columnAt(i), 'unknown_column', cell === '' ? UNNAMED : nearest ? `did you mean ${nearest}?` : listed ? UNKNOWN : LIST));
      listed ||= cell !== '' && !nearest;
    }
  }
  for (const column of REQUIRED)
    if (!columns.includes(column) && !meant.includes(column)) errors.push(wrong(column, 'missing_column', 'the first line must name this column'));
  return errors.length > 0 ? { errors } : { columns, width: cells.length };
};

const wrong = (field: string, reason: string, message: string): FieldError => ({ field, reason, message });

const UNNAMED = 'this column has no name; name it or remove it';
const UNKNOWN = 'no column has this name; name it otherwise or remove it';
const LIST = `the first line may name only ${CSV_COLUMNS.join(', ')}`;

const NO_HEADER = wrong(
  'file',
  'no_header',
  `this file has no header: its first row has to name ${REQUIRED.join(', ')}, and may name ${CSV_COLUMNS.filter((column) => !REQUIRED.includes(column)).join(', ')}`,
);

const oneCell = (cell = ''): FieldError =>
  cell.includes('|') ? wrong('file', 'separator', 'separate the columns by commas, semicolons or tabs') : NO_HEADER;

/** The header of a file stands below other rows, such as a title. */
export const headerBelow = (row: number): FieldError => wrong('file', 'rows_above_header', `the header is in row ${row}: delete the rows above it`);

/** What people call a column, in its bare form. It is asked about and never taken. */
const ALIASES: ReadonlyMap<string, CsvColumn> = new Map(
  Object.entries({
    payee_reference: 'id,payeeid,payeeref,payee,payeenumber,vendorid,supplierid,creatorid,sellerid',
    payee_name: 'name,fullname,beneficiary,beneficiaryname,recipient,recipientname,accountholder,accountname,empfänger,nom',
    payee_type: 'type',
    country: 'countrycode,land,pays',
    bic: 'swift,swiftcode,bicswift,swiftbic',
    routing_number: 'aba,routing,abanumber',
    account_number: 'account,accountno,accountnr',
    account_token: 'token',
    amount: 'betrag,montant,importe,importo,bedrag,sum,total,value,payout',
    reference: 'ref,memo,purpose,invoice,invoicenumber,paymentreference,verwendungszweck,subject',
  } satisfies Partial<Record<CsvColumn, string>>).flatMap(([column, names]) => names.split(',').map((name) => [name, column as CsvColumn] as const)),
);

/** As many changes as a slip of the fingers makes. */
const CHANGES_MAX = 3;
/** No longer name is close to one of a column. */
const NAME_MAX = 64;

/** The column that an unknown name may mean, of those that are not named. Currencies and other remarks stand in parentheses. */
const meantColumn = (cell: string, named: ReadonlySet<CsvColumn | undefined>): CsvColumn | undefined => {
  const name = bare(cell.replace(/[([].*$/, ''));
  if (name === '' || name.length > NAME_MAX) return undefined;
  const free = [...BY_NAME].filter(([, column]) => !named.has(column)).map(([bareName]) => bareName);
  // Any three letters are three changes away from any other.
  const maxDistance = Math.min(CHANGES_MAX, Math.floor(name.length / 2));
  const alias = ALIASES.get(name);
  if (alias && !named.has(alias)) return alias;
  const inside = free.filter((one) => name.includes(one)).sort((a, b) => b.length - a.length)[0];
  const nearest = closestMatch(name, free, { maxDistance }) ?? inside;
  return nearest === undefined ? undefined : BY_NAME.get(nearest);
};
