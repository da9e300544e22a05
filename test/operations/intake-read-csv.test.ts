import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type CsvPart, readCsv } from '../../operations/intake/read-csv.js';

const read = async (text: string, cut: number): Promise<CsvPart[]> => {
  const bytes = Buffer.from(text);
  const blocks = async function* () {
    for (let from = 0; from < bytes.length; from += cut) yield bytes.subarray(from, from + cut);
  };
  const parts: CsvPart[] = [];
  for await (const part of readCsv(blocks(), 3)) parts.push(part);
  return parts;
};

const HEADER = ['payee_reference', 'amount', 'reference'];
const character = fc.constantFrom(
  'a',
  '1',
  '.',
  ',',
  ';',
  ' ',
  '\t',
  '\f',
  '\v',
  '\u00a0',
  '\u2003',
  '\u3000',
  '\ufeff',
  '\u180e',
  'ß',
  '€',
  '\n',
  '\r',
  '\r\n',
);
const rows = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('p,1.00,r', ' p , 1.234,r x ', 'p,1.00,r,', ',,', '') },
    fc.string({ unit: character, maxLength: 8 }),
  ),
  { maxLength: 12 },
);
const separators = fc.constantFrom(',', ';', '\t');
const ends = fc.constantFrom('\n', '\r\n', '\r');

test('a file without quotes is read as the parser reads it, wherever its blocks are cut', async () => {
  await fc.assert(
    fc.asyncProperty(rows, separators, ends, fc.boolean(), fc.integer({ min: 1, max: 40 }), async (lines, separator, end, unnamed, cut) => {
      const text = (header: string[]) => [header.join(separator), ...lines.map((line) => line.replaceAll(',', separator))].join(end);
      const [first = '', ...others] = unnamed ? [...HEADER, ''] : HEADER;
      // A quote in the header makes the parser read all of it.
      expect(await read(text([first, ...others]), cut)).toEqual(await read(text([`"${first}"`, ...others]), 1_000));
    }),
    { numRuns: 2_000 },
  );
});

const errorsOf = (parts: CsvPart[]) => parts.flatMap((part) => part.errors);

test('a quote in a later row is read by the parser, and rows and lines are counted on', async () => {
  const simple = Array.from({ length: 5 }, (_, i) => `p-${i},1.00,r ${i}`);
  const quoted = [...simple, '', 'p-5,1.00,"a, b\nc"', 'p-6,1.00,r 6'];
  const good = await read([HEADER, ...quoted].join('\n'), 30);
  expect(good.flatMap((part) => part.rows.map(({ place, cells }) => [place, cells.reference]))).toEqual([
    ...simple.map((_, i) => [{ row: i + 2 }, `r ${i}`]),
    [{ row: 8 }, 'a, b\nc'],
    [{ row: 9, line: 10 }, 'r 6'],
  ]);
  const bad = await read([HEADER, ...quoted, 'p-7,1.00,"never ends'].join('\n'), 30);
  expect(errorsOf(bad)).toMatchObject([{ reason: 'quotes', row: 10, line: 11 }]);
});

test('a line that is longer than a record may be is refused with its row', async () => {
  const parts = await read(`${HEADER}\np,1.00,r\np,1.00,${'r'.repeat(20_000)}\n`, 64);
  expect(errorsOf(parts)).toMatchObject([{ reason: 'row_too_long', row: 3 }]);
});

test('bytes that are not UTF-8 are found behind a quote too, and inside of one', async () => {
  const blocks = (rest: string) => [Buffer.from(`${HEADER}\np,1.00,"r\n1"\n`), Buffer.from(`p,1.00,${rest}\n`, 'latin1')];
  for (const rest of ['für', '"a\nfür"']) {
    const parts: CsvPart[] = [];
    for await (const part of readCsv(Readable.from(blocks(rest)), 3)) parts.push(part);
    expect(errorsOf(parts)).toMatchObject([{ reason: 'encoding', row: 3, line: 4 }]);
  }
});

test('a file with CR as its line end may be longer than a line, also when each block ends with one', async () => {
  const lines = [`${HEADER}\r`, ...Array.from({ length: 140_000 }, () => 'p,1.00,r\r')];
  for (const together of [1, 1_000]) {
    const blocks = function* () {
      for (let from = 0; from < lines.length; from += together) yield Buffer.from(lines.slice(from, from + together).join(''));
    };
    let rows = 0;
    for await (const part of readCsv(Readable.from(blocks()), 10_000)) {
      expect(part.errors).toEqual([]);
      rows += part.rows.length;
    }
    expect(rows).toBe(140_000);
  }
});

test('rows without content are no rows, but a million of them are an end', async () => {
  const some = await read([HEADER, 'p,1.00,r', ',,', ' , ,', '', '"",,', 'p,x', ',,'].join('\r\n'), 1_000);
  expect(some.flatMap((part) => part.rows.map(({ place }) => place))).toEqual([{ row: 2 }]);
  expect(errorsOf(some)).toMatchObject([{ reason: 'ragged_row', row: 7 }]);
  expect(some[0]?.from).toBe(0);
  const many = await read([HEADER, ...Array.from({ length: 1_000_001 }, () => ',,'), 'p,1.00,r'].join('\n'), 65_536);
  expect(errorsOf(many)).toMatchObject([{ reason: 'too_many_rows', row: 1_000_002 }]);
}, 300_000);

test('rows before the header count, and it is found', async () => {
  const parts = await read([';;', '', 'payee_reference;amount;reference', 'p;1;r'].join('\n'), 4);
  expect(parts).toEqual([{ from: 0, rows: [{ place: { row: 4 }, cells: { payee_reference: 'p', amount: '1', reference: 'r' } }], errors: [] }]);
});

describe('the header', () => {
  const header = async (...cells: string[]) => errorsOf(await read([cells, cells.map(() => 'x')].join('\n'), 1_000));

  test('takes names as people write them', async () => {
    for (const [payee, account] of [
      ['Payee Reference', 'Account Token'],
      ['PAYEE-REFERENCE', 'accounttoken'],
      ['payee\u2013reference', ' account__token '],
    ]) {
      const parts = await read([`${payee},AMOUNT,"Reference",${account}`, 'p,1,r,tok'].join('\n'), 1_000);
      expect(parts.flatMap((part) => part.rows.map(({ cells }) => cells))).toEqual([
        { payee_reference: 'p', amount: '1', reference: 'r', account_token: 'tok' },
      ]);
    }
  });

  test('names no column twice, in whatever form', async () => {
    expect(await header(...HEADER, 'Payee Reference')).toMatchObject([{ field: 'payee_reference', reason: 'repeated_column' }]);
  });

  test('hears which known column is nearest, and nothing of what it holds itself', async () => {
    const errors = await header(...HEADER, 'ibam', 'Acount Number', 'DE', '');
    expect(errors).toEqual([
      { field: 'column 4 (D)', reason: 'unknown_column', message: 'did you mean iban?' },
      { field: 'column 5 (E)', reason: 'unknown_column', message: 'did you mean account_number?' },
      { field: 'column 6 (F)', reason: 'unknown_column', message: expect.stringContaining('the first line may name only payee_reference,') },
    ]);
    expect(await header(...HEADER, '', 'iban')).toMatchObject([{ field: 'column 4 (D)', message: 'this column has no name; name it or remove it' }]);
  });
});

describe('a header that is none', () => {
  const errors = async (...lines: string[]) => errorsOf(await read(lines.join('\n'), 1_000));
  const DATA = 'ana-1,Ana Lopes,1250.00,INV-2041';

  test.each([',', ';', '\t'])('stands below other rows, with %j between its cells: its row is named, once', async (separator) => {
    const header = HEADER.join(separator);
    const below = (row: number) => [{ field: 'file', reason: 'rows_above_header', message: `the header is in row ${row}: delete the rows above it` }];
    expect(await errors('Payouts June', header, 'p')).toEqual(below(2));
    expect(await errors(`Payouts June${separator}${separator}`, '', '"Made by Ada, Bob"', header)).toEqual(below(4));
    expect(await errors('a', 'b', 'c', 'd', 'e', header)).toEqual(below(6));
    expect(await errors('a', 'b', 'c', 'd', 'e', 'f', header)).toMatchObject([{ reason: 'no_header' }]);
  });

  test('is missing: one error says what it has to name', async () => {
    for (const lines of [[DATA, DATA], [DATA], Array.from({ length: 20 }, () => DATA)]) {
      const found = await errors(...lines);
      expect(found).toEqual([
        { field: 'file', reason: 'no_header', message: expect.stringMatching(/has to name payee_reference, amount, reference, and/) },
      ]);
      expect(JSON.stringify(found)).not.toMatch(/Ana|INV-2041/);
    }
  });

  test('names columns as people call them: each hears which is meant, and none is missing besides', async () => {
    expect((await errors('Payee ID,Name,Amount (EUR),Invoice number,IBAN number')).map(({ field, message }) => `${field} ${message}`)).toEqual([
      'column 1 (A) did you mean payee_reference?',
      'column 2 (B) did you mean payee_name?',
      'column 3 (C) did you mean amount?',
      'column 4 (D) did you mean reference?',
      'column 5 (E) did you mean iban?',
    ]);
    expect(await errors(`${HEADER},Amount (EUR)`)).toMatchObject([{ message: expect.not.stringContaining('did you mean') }]);
  });

  test('the columns are listed once', async () => {
    const found = await errors(`${HEADER},xxxxxxxxxxx,yyyyyyyyyyyyy`);
    expect(found.map(({ message }) => message.includes('payee_name'))).toEqual([true, false]);
    expect((await errors(`${HEADER}${','.repeat(24)}zzzzzzzzzzzz`)).at(-1)?.field).toBe('column 27 (AA)');
  });

  test('sep= names another separator than the file uses', async () => {
    for (const first of ['sep=;', 'sep=;\n'])
      expect(await errors(first, HEADER.join(','), 'p,1,r')).toMatchObject([{ reason: 'separator', message: expect.stringContaining('sep=') }]);
    expect(await errors('sep=;', HEADER.join(';'), 'p;1;r,s')).toEqual([]);
  });
});

test.each(['Total', 'TOTAL:', 'Sum', 'Summe', 'Gesamt', 'Totale', 'Total général', '合計', 'Grand Total', ' Итого '])(
  '%j in the first cell is a total row',
  async (word) => {
    for (const row of [`${word},30,`, `${word},30,June`, `,30,${word}`, word])
      expect(errorsOf(await read([HEADER, 'p,10,r', row].join('\n'), 1_000)).map(({ reason }) => reason)).toEqual(
        row.startsWith(',') ? [] : ['total_row'],
      );
    expect(errorsOf(await read([HEADER, `${word}-1,10,r`].join('\n'), 1_000))).toEqual([]);
  },
);

test('a column without a name at the end of the header has to be empty', async () => {
  const parts = await read([`${HEADER},,`, 'p,1,r,,', 'p,2,r,,', 'p,1,r,,x', 'p,1,r,,,'].join('\n'), 1_000);
  expect(parts.flatMap((part) => part.rows.map(({ place }) => place.row))).toEqual([2, 3]);
  expect(errorsOf(parts)).toMatchObject([
    { field: 'column 5 (E)', reason: 'unnamed_column', row: 4 },
    { field: 'row', reason: 'ragged_row', row: 5 },
  ]);
});

describe('a row of another width', () => {
  const WIDE = 'payee_reference,amount,reference,payee_name';
  const rowsOf = (count: number, row: string) => Array.from({ length: count }, () => row);
  const ragged = async (...rows: string[]) =>
    errorsOf(await read([WIDE, ...rows].join('\n'), 1_000)).map(({ row, reason, message }) => [row, reason, /(?<=, ).* has \d+/.exec(message)?.[0]]);

  test('is refused, so that a decimal comma without quotes is no separator', async () => {
    expect(await ragged('cr-1,100,INV-1', 'cr-00120,1234,56,INV-1')).toEqual([[2, 'ragged_row', 'the header has 4']]);
    expect(await ragged('cr-1,1234,56,INV-1,Ada')).toEqual([[2, 'ragged_row', 'the header has 4']]);
    expect(await ragged('p,1,r,Ada,')).toEqual([[2, 'ragged_row', 'the header has 4']]);
  });

  test('may lack what all rows of its block of 16 lack, as Excel writes it', async () => {
    const first = rowsOf(15, 'p,1,r,');
    expect(await ragged(...first, ...rowsOf(16, 'p,1,r'), ...rowsOf(16, 'p,1,r,Ada'), ...rowsOf(3, 'p,1,r'))).toEqual([]);
    expect(await ragged(...first, ...rowsOf(15, 'p,1,r'), 'p,1,56,r')).toEqual([[32, 'ragged_row', 'row 17 has 3']]);
    expect(await ragged(...first.slice(1), ...rowsOf(16, 'p,1,r'))).toEqual([[16, 'ragged_row', 'the header has 4']]);
  });

  test('lacks no cell that it needs', async () => {
    expect(await ragged(...rowsOf(15, 'p,1,r,'), 'p,1')).toEqual([[17, 'ragged_row', 'the header has 4']]);
  });
});
