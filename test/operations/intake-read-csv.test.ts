import { expect, test } from '@jest/globals';
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

const COLUMNS = 'amount,reference';
const character = fc.constantFrom(
  'a',
  '1',
  '.',
  ',',
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
  fc.oneof({ weight: 3, arbitrary: fc.constantFrom('p,1.00,r', ' p , 1.00,r x ', ',,', '') }, fc.string({ unit: character, maxLength: 8 })),
  { maxLength: 12 },
);

test('a file without quotes is read as the parser reads it, wherever its blocks are cut', async () => {
  await fc.assert(
    fc.asyncProperty(rows, fc.constantFrom('\n', '\r\n', '\r'), fc.integer({ min: 1, max: 40 }), async (lines, end, cut) => {
      const body = [COLUMNS, ...lines].join(end);
      // A quote in the header makes the parser read all of it.
      expect(await read(`payee_reference,${body}`, cut)).toEqual(await read(`"payee_reference",${body}`, 1_000));
    }),
    { numRuns: 2_000 },
  );
});

test('a quote in a later row is read by the parser, and rows are counted on', async () => {
  const simple = Array.from({ length: 5 }, (_, i) => `p-${i},1.00,r ${i}`);
  const quoted = [...simple, 'p-5,1.00,"a, b\nc"', 'p-6,1.00,r 6'];
  const good = await read([`payee_reference,${COLUMNS}`, ...quoted].join('\n'), 30);
  expect(good.flatMap((part) => part.rows.map(({ row, cells }) => `${row} ${cells.reference}`))).toEqual([
    ...simple.map((_, i) => `${i + 1} r ${i}`),
    '6 a, b\nc',
    '7 r 6',
  ]);
  const bad = await read([`payee_reference,${COLUMNS}`, ...quoted, 'p-7,1.00,"never ends'].join('\n'), 30);
  expect(bad.flatMap((part) => part.errors)).toMatchObject([{ reason: 'quotes', row: 8 }]);
});

test('a line that is longer than a record may be is refused with its row', async () => {
  const parts = await read(`payee_reference,${COLUMNS}\np,1.00,r\np,1.00,${'r'.repeat(20_000)}\n`, 64);
  expect(parts.flatMap((part) => part.errors)).toMatchObject([{ reason: 'row_too_long', row: 2 }]);
});
