import { describe, expect, test } from '@jest/globals';
import { parseRow } from '../../operations/intake/check-csv.js';
import { type CsvPart, readCsv } from '../../operations/intake/read-csv.js';
import type { PaymentTerms } from '../../operations/intake/resolve-terms.js';
import { type Program, SAVED_AS, type Sheet } from '../world/spreadsheets.js';

/** What each program writes, byte for byte, and what becomes of it. */

const capabilities = { reference: { maxLength: 35, characters: /^[\w -]+$/, describe: 'letters' } };
const terms = (currency: string) => ({ currency, capabilities }) as unknown as PaymentTerms;

/** `row(/line) name amount` of each payment, and `row field reason` of each error. */
const taken = async (bytes: Buffer, currency = 'EUR') => {
  const blocks = async function* () {
    for (let from = 0; from < bytes.length; from += 7) yield bytes.subarray(from, from + 7);
  };
  const parts: CsvPart[] = [];
  for await (const part of readCsv(blocks(), 100)) parts.push(part);
  const read = parts.flatMap(({ rows }) => rows.map((row) => parseRow(row, terms(currency))));
  const errors = [...parts.flatMap((part) => part.errors), ...read.flatMap((row) => ('errors' in row ? row.errors : []))];
  return {
    payments: read.flatMap((row) => ('errors' in row ? [] : [`${row.place.row} ${row.payee.payee.name} ${row.amount}`])),
    errors: errors.map(({ row, field, reason }) => [row, field, reason].filter((part) => part !== undefined).join(' ')),
    messages: errors.map(({ message }) => message),
    lines: read.flatMap((row) => ('errors' in row ? [] : [row.place.line ?? row.place.row])),
  };
};

/** With an empty row, a row that was emptied, and a column that was. */
const sheet = (amounts: readonly [string, string, string], name = 'Müller, "Söhne"'): Sheet => [
  ['Payee Reference', 'Payee Name', 'Amount', 'Reference', ''],
  ['p-1', name, amounts[0], 'June', ''],
  ['', '', '', '', ''],
  ['p-2', 'Ada; Ltd', amounts[1], 'June', ''],
  [' ', '', '', '', ''],
  ['p-3', 'Bob', amounts[2], 'June', ''],
  ['', '', '', '', ''],
];

const PLAIN = ['12.50', '7', '1234.5'] as const;
const PAYMENTS = ['2 Müller, "Söhne" 1250', '4 Ada; Ltd 700', '6 Bob 123450'];

const READ: readonly Program[] = [
  'Excel, CSV UTF-8',
  'Excel in Europe, CSV UTF-8',
  'LibreOffice, UTF-8 and comma',
  'LibreOffice, UTF-8 and semicolon',
  'LibreOffice, UTF-8 and tab',
  'Numbers, Unicode (UTF-8)',
  'Numbers in Europe, Unicode (UTF-8)',
  'Google Sheets, Comma-separated values',
  'Google Sheets, Tab-separated values',
];

test.each(READ)('%s: is read, and its rows are numbered as the spreadsheet numbers them', async (program) => {
  expect(await taken(SAVED_AS[program](sheet(PLAIN)))).toMatchObject({ payments: PAYMENTS, errors: [], lines: [2, 4, 6] });
});

test.each(['an export for Excel, sep=;', 'an export for Excel, sep=,'] as const)('%s: Excel takes the first line for no row', async (program) => {
  expect(await taken(SAVED_AS[program](sheet(PLAIN)))).toMatchObject({ payments: PAYMENTS, errors: [], lines: [3, 5, 7] });
});

const ONE_BYTE: readonly Program[] = [
  'Excel, CSV (Comma delimited)',
  'Excel, CSV (MS-DOS)',
  'Excel, CSV (Macintosh)',
  'Excel, Text (Tab delimited)',
  'LibreOffice, Windows-1252',
];

describe.each(ONE_BYTE)('%s', (program) => {
  test('is read while all of its letters are ASCII', async () => {
    const payments = ['2 Muller, "Sons" 1250', ...PAYMENTS.slice(1)];
    expect(await taken(SAVED_AS[program](sheet(PLAIN, 'Muller, "Sons"')))).toMatchObject({ payments, errors: [] });
  });

  test('is refused with the setting to choose at the first letter that is not', async () => {
    const { errors, messages } = await taken(SAVED_AS[program](sheet(PLAIN)));
    expect(errors).toEqual(['2 file encoding']);
    expect(messages[0]).toContain('"CSV UTF-8 (Comma delimited)"');
  });
});

test.each(['Excel, Unicode Text', 'LibreOffice, UTF-16'] as const)('%s: is refused with the setting to choose', async (program) => {
  const { payments, errors, messages } = await taken(SAVED_AS[program](sheet(PLAIN)));
  expect([payments, errors]).toEqual([[], ['file encoding']]);
  expect(messages[0]).toMatch(/UTF-16.*"CSV UTF-8 \(Comma delimited\)".*"Unicode \(UTF-8\)"/);
});

test('UTF-16 without a byte order mark, in either order, is known too', async () => {
  const bytes = SAVED_AS['Excel, Unicode Text'](sheet(PLAIN)).subarray(2);
  for (const order of [bytes, Buffer.from(bytes).swap16()]) expect((await taken(order)).messages[0]).toContain('UTF-16');
});

describe('amounts are never guessed', () => {
  const EUROPEAN: readonly Program[] = [
    'Excel in Europe, CSV UTF-8',
    'LibreOffice, UTF-8 and semicolon',
    'Numbers in Europe, Unicode (UTF-8)',
    'Google Sheets, Tab-separated values',
    'Google Sheets, Comma-separated values',
    'an export for Excel, sep=;',
  ];

  test.each(EUROPEAN)('%s: a decimal comma is refused with the setting to choose', async (program) => {
    const { payments, errors, messages } = await taken(SAVED_AS[program](sheet(['12,50', '7', '1.234,50'])));
    expect([payments, errors]).toEqual([[PAYMENTS[1]], ['2 amount amount', '6 amount amount']]);
    expect(new Set(messages)).toEqual(new Set([expect.stringMatching(/"Use system separators".*Google Sheets.*English/)]));
  });

  const SEPARATED = EUROPEAN.filter((program) => program !== 'Google Sheets, Comma-separated values');
  test.each(SEPARATED)('%s: a point before three digits may group thousands', async (program) => {
    for (const currency of ['EUR', 'KWD', 'JPY']) {
      const { errors, messages } = await taken(SAVED_AS[program](sheet(['1.234', '0.500', '1234.500'])), currency);
      expect(errors).toContain('2 amount ambiguous_amount');
      expect(messages).toContainEqual(expect.stringContaining('may group thousands'));
      expect(errors).not.toContainEqual(expect.stringMatching(/^[46] amount ambiguous_amount$/));
    }
    expect(await taken(SAVED_AS[program](sheet(['1.234', '0.500', '1234.500'])), 'KWD')).toMatchObject({
      payments: ['4 Ada; Ltd 500', '6 Bob 1234500'],
    });
  });

  test('a decimal comma without quotes is no separator, though each row is as wide as the header', async () => {
    const file = (row: string) => Buffer.from(`payee_reference,amount,reference,payee_name\n${row}`);
    for (const row of ['cr-00120,1234,56,INV-1', 'cr-00120,12,5,INV-1', 'cr-00120,1,234,INV-1']) {
      const { payments, errors, messages } = await taken(file(row));
      expect([payments, errors]).toEqual([[], ['2 amount ambiguous_amount']]);
      expect(messages[0]).toContain('write the amount as digits with a point, such as 1234.50');
    }
    expect((await taken(file('p-1,12,500,Ada'), 'KWD')).errors).toEqual(['2 amount ambiguous_amount']);
    for (const row of ['p-1,1234.00,56,Ada', 'p-1,1234,INV-56,Ada', 'p-1,1234,2056,Ada', 'p-1,1234,156,Ada'])
      expect((await taken(file(row))).payments).toEqual(['2 Ada 123400']);
    expect((await taken(file('p-1,1234,56,Ada'), 'JPY')).payments).toEqual(['2 Ada 1234']);
  });

  test('in a file with commas a point is a decimal point', async () => {
    const { payments } = await taken(SAVED_AS['Google Sheets, Comma-separated values'](sheet(['1.234', '1', '2'])), 'KWD');
    expect(payments[0]).toBe('2 Müller, "Söhne" 1234');
  });
});

test('a line end in a cell moves lines and not rows, as each program writes it', async () => {
  const lined: Sheet = [
    ['payee_reference', 'payee_name', 'amount', 'reference'],
    ['p-1', 'Two\nlines', '1', 'June'],
    ['p-2', 'Ada', 'x', 'June'],
    ['p-3', 'Bob', '3', 'June'],
  ];
  for (const program of READ) {
    const { errors, lines } = await taken(SAVED_AS[program](lined));
    expect([errors, lines]).toEqual([['2 payee_name characters', '3 amount amount'], [5]]);
  }
});

describe('what a spreadsheet wrote in place of what was meant', () => {
  const MARKED = ['#N/A', '#BEZUG!', '=A1', '="00123"', "'00123", '1.23457E+11', '#####', 'M\ufffdller'];
  const COLUMNS = ['payee_reference', 'payee_name', 'payee_type', 'country', 'iban', 'bic', 'account_token', 'reference'];
  test.each(COLUMNS)('is refused in the column %s, once, and is not repeated', async (column) => {
    const header = ['amount', ...COLUMNS];
    const good: Record<string, string> = { amount: '1', payee_reference: 'p-1', payee_name: 'Ada', reference: 'June' };
    const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
    const rows = MARKED.map((mark) => header.map((name) => cell(name === column ? mark : (good[name] ?? ''))).join(','));
    const { payments, errors, messages } = await taken(Buffer.from([header.join(','), ...rows].join('\r\n')));
    expect([payments, errors]).toEqual([[], MARKED.map((_, i) => `${i + 2} ${column} spreadsheet_cell`)]);
    for (const [i, message] of messages.entries()) expect(message).not.toContain(MARKED[i]);
  });

  test('what people write is taken', async () => {
    const { payments } = await taken(Buffer.from("payee_reference,payee_name,amount,reference\n#12,'t Hooft,1,E-12\np-2,O’Brien,2,-"));
    expect(payments).toEqual(["2 't Hooft 100", '3 O’Brien 200']);
  });
});

test('blanks around a value are no part of it, in quotes and without', async () => {
  const header = 'payee_reference,payee_name,payee_type,country,amount,reference';
  const cells = ['p-1', 'Ada', 'individual', 'DE', '12.00', 'June'];
  for (const blank of [' ', '\u00a0', '\u2003', '\t', '\ufeff'])
    for (const quote of ['"', ''])
      expect(await taken(Buffer.from(`${header}\n${cells.map((text) => quote + blank + text + blank + quote).join(',')}`))).toMatchObject({
        payments: ['2 Ada 1200'],
        errors: [],
      });
  const lined = await taken(Buffer.from(`${header}\n"p-1\n","\nAda",,DE,1,June\np-2,Bob,,DE,2,June`));
  expect(lined).toMatchObject({ payments: ['2 Ada 100', '3 Bob 200'], lines: [2, 5] });
});

test('an invisible character inside a cell is named', async () => {
  const header = 'payee_reference,payee_type,country,amount,reference';
  const { errors, messages } = await taken(Buffer.from(`${header}\np-1,individual\u200b,D\u200bE,1,June\np\u200b-2,,,1,June`));
  expect(errors).toEqual(['2 payee_type characters', '2 country characters', '3 payee_reference characters']);
  for (const message of messages) expect(message).toContain('leave out U+200B');
});

describe('no CSV at all', () => {
  const ZIP = Buffer.concat([Buffer.from('PK\u0003\u0004\u0014\u0000'), Buffer.from([0xff, 0x0d, 0x0a, 0x2c]), Buffer.alloc(40)]);
  const OLE = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(40)]);
  test.each([
    ['xlsx, xlsb, ods and numbers', ZIP],
    ['xls', OLE],
    ['a page that is called xls', Buffer.from('<html><table><tr><td>payee_reference</td></tr></table></html>')],
    ['the XML of Excel 2003', Buffer.from('\ufeff<?xml version="1.0"?>\r\n<Workbook></Workbook>')],
  ])('%s: the setting to choose is named', async (_, bytes) => {
    const { errors, messages } = await taken(bytes);
    expect(errors).toEqual(['file spreadsheet']);
    expect(messages[0]).toContain('save it as CSV UTF-8');
  });

  test('a separator that no spreadsheet writes is refused by name of those that are read', async () => {
    for (const text of ['sep=|\r\npayee_reference|amount|reference\r\np|1|r', 'payee_reference|amount|reference\r\np|1|r'])
      expect((await taken(Buffer.from(text))).messages).toContain('separate the columns by commas, semicolons or tabs');
  });
});
