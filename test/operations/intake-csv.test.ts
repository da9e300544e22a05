import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  allItems,
  CSV_HEADER,
  csvFile,
  csvRow,
  type IntakeWorld,
  openIntakeWorld,
  ROWS_A_TRANSACTION,
  rowCounts,
  spooled,
  upload,
  uploadFile,
} from '../world/intake.js';
import { iban } from '../world/payees.js';
import { recompute } from '../world/recomputed-digest.js';
import { made, must, refusalOf, uuidOf } from '../world/wire.js';

let world: IntakeWorld;
beforeAll(async () => {
  world = await openIntakeWorld();
}, 120_000);
afterAll(() => world?.close());

const ctx = () => world.as(world.preparer);

describe('a good file', () => {
  test('becomes a batch with the SHA-256 of its bytes, and with the digest of what the API shows', async () => {
    const text = csvFile(csvRow(1), csvRow(2, '0.01'), csvRow(3, '7'), csvRow(4, '1234.5'), csvRow(5, '80.00'));
    const batch = made(await upload(ctx(), text, { external_id: 'file-1' }));
    expect(batch).toMatchObject({ state: 'queued', item_count: 5, total: 1250 + 1 + 700 + 123450 + 8000, counts: { open: 5 }, row_version: 4 });
    expect(batch.source).toEqual({ type: 'csv', sha256: createHash('sha256').update(text).digest('hex') });
    const items = await allItems(ctx(), uuidOf(batch.id));
    expect(
      items.map(({ ordinal, payee_reference, payee_name, amount, reference }) => [ordinal, payee_reference, payee_name, amount, reference]),
    ).toEqual([
      [0, 'p-1', 'Payee 1', 1250, 'INV 1'],
      [1, 'p-2', 'Payee 2', 1, 'INV 2'],
      [2, 'p-3', 'Payee 3', 700, 'INV 3'],
      [3, 'p-4', 'Payee 4', 123450, 'INV 4'],
      [4, 'p-5', 'Payee 5', 8000, 'INV 5'],
    ]);
    expect(await recompute(world, ctx(), batch)).toBe(batch.digest);
    expect(await world.results(uuidOf(batch.id), 'batch.create')).toEqual(['ok']);
  });

  test('may have a byte order mark, CRLF, quotes, blanks, empty lines, any order of columns, and characters cut by block borders', async () => {
    const text =
      '\uFEFF"amount",reference , payee_reference,country,payee_name,account_token\r\n\r\n 1.00 ,"A",q-1,DE,"Müller, ""Söhne"" & Co 🙂",tok_1\r\n"2.00",B,q-2,DE,名前,tok_2\r\n\r\n';
    for (const blockBytes of [1, 2, 3, 1_000_000]) {
      const result = await uploadFile(ctx(), spooled(text, blockBytes), { allow_duplicates: 'true' });
      const items = await allItems(ctx(), uuidOf(made(result).id));
      expect(items.map(({ payee_name, amount }) => [payee_name, amount])).toEqual([
        ['Müller, "Söhne" & Co 🙂', 100],
        ['名前', 200],
      ]);
    }
  });

  test('may have semicolons and rows without content, also more of them than a transaction stores', async () => {
    const empty = Array.from({ length: ROWS_A_TRANSACTION }, () => ',,,,,');
    const many = Array.from({ length: ROWS_A_TRANSACTION + 2 }, (_, i) => csvRow(90_000 + i));
    const text = csvFile(csvRow(89_999), ...empty, ...many.flatMap((row) => [row, '']), ',,,,,').replaceAll(',', ';');
    const batch = made(await upload(ctx(), text));
    const [stored] = await world.sql(
      'SELECT count(*)::int AS items, count(DISTINCT ordinal)::int AS ordinals, max(ordinal) AS last FROM payout_item WHERE batch_id = $1',
      [uuidOf(batch.id)],
    );
    expect(stored).toEqual({ items: many.length + 1, ordinals: many.length + 1, last: many.length });
  });

  test('draft=true waits for submit, validate_only=true stores nothing', async () => {
    expect(made(await upload(ctx(), csvFile(csvRow(1)), { draft: 'true' })).state).toBe('draft');
    const before = await rowCounts(world);
    expect(must(await upload(ctx(), csvFile(csvRow(1), csvRow(9)), { validate_only: 'true' }))).toEqual({
      object: 'validation',
      valid: true,
      item_count: 2,
      total: 2500,
      currency: 'EUR',
    });
    expect(refusalOf(await upload(ctx(), csvFile(csvRow(1), 'x'), { validate_only: 'true' })).code).toBe('invalid_csv');
    expect(await rowCounts(world)).toEqual(before);
  });

  test('amounts follow the exponent of the currency, whatever the number', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 10_000_000 }), { minLength: 1, maxLength: 9 }), async (amounts) => {
        const rows = amounts.map((minor, i) => csvRow(i, (minor / 100).toFixed(2)));
        expect(must(await upload(ctx(), csvFile(...rows), { validate_only: 'true' }))).toMatchObject({
          item_count: amounts.length,
          total: amounts.reduce((sum, minor) => sum + minor, 0),
        });
      }),
      { numRuns: 20 },
    );
  });

  test('a payee may be described in one row and only named in a later one, in the same part or another', async () => {
    const rows = Array.from({ length: ROWS_A_TRANSACTION + 2 }, (_, i) => csvRow(50_000 + i));
    rows[1] = 'p-50000,,,,1.00,again';
    rows[ROWS_A_TRANSACTION + 1] = 'p-50000,,,,2.00,again';
    const batch = made(await upload(ctx(), csvFile(...rows)));
    const [same] = await world.sql(
      `SELECT count(DISTINCT payee_id)::int AS payees, count(*)::int AS items FROM payout_item WHERE batch_id = $1 AND ordinal IN (0, 1, ${ROWS_A_TRANSACTION + 1})`,
      [uuidOf(batch.id)],
    );
    expect(same).toEqual({ payees: 1, items: 3 });
  });
});

describe('a bad file', () => {
  const refused = async (text: string | Uint8Array, query: Parameters<typeof upload>[2] = {}) => {
    const before = await rowCounts(world);
    const result = await upload(ctx(), text, query);
    expect(await rowCounts(world)).toEqual(before);
    return refusalOf(result);
  };
  const errors = async (text: string | Uint8Array) => (await refused(text)).errors;

  test('a file without content, or with a header alone, is refused', async () => {
    expect(await errors('')).toEqual(['file empty_file']);
    expect(await errors('\uFEFF\r\n\n')).toEqual(['file empty_file']);
    expect(await errors(CSV_HEADER)).toEqual(['file no_rows']);
    expect(await errors(`${CSV_HEADER}\r\n\r\n`)).toEqual(['file no_rows']);
  });

  test('a header with unknown, missing or repeated columns is refused; none is ignored or guessed', async () => {
    expect(await errors(`${CSV_HEADER},ibam\n${csvRow(1)},x`)).toEqual(['column 7 (G) unknown_column']);
    expect(await errors(`payee_reference,amount\np,1`)).toEqual(['reference missing_column']);
    expect(await errors(`${CSV_HEADER},amount\n${csvRow(1)},1`)).toEqual(['amount repeated_column']);
    expect(await errors(`${CSV_HEADER.replaceAll(',', '|')}\n${csvRow(1)}`)).toEqual(['file separator']);
  });

  test('the refusal of a file without a header does not repeat what was sent', async () => {
    const result = await upload(ctx(), [csvRow(1), csvRow(2)].join('\n'));
    expect(refusalOf(result).code).toBe('invalid_csv');
    expect(JSON.stringify(result)).not.toMatch(/Payee 1|DE\d\d/);
  });

  test('bytes that are not UTF-8 are reported with their row', async () => {
    const latin1 = Buffer.from(csvFile(csvRow(1), csvRow(2).replace('Payee 2', 'Müller'), csvRow(3)), 'latin1');
    expect(await errors(latin1)).toEqual(['3 file encoding']);
    expect(await errors(Buffer.from(csvFile(csvRow(1)), 'utf16le'))).toEqual(['file encoding']);
    const cut = Buffer.concat([Buffer.from(csvFile(csvRow(1)) + csvRow(2)), Buffer.of(0xc3)]);
    expect(await errors(cut)).toEqual(['3 file encoding']);
  });

  test('a line end inside a quoted cell does not shift the rows after it, but no rail would take it in a name', async () => {
    expect(await errors(csvFile(csvRow(1).replace('Payee 1', '"Pay\r\nee"'), csvRow(2, 'much')))).toEqual([
      '2 payee_name characters',
      '3 amount amount',
    ]);
  });

  test('quotes that do not close, ragged rows and endless lines are refused', async () => {
    expect(await errors(csvFile(csvRow(1), `"p-2,Payee,DE,${iban(2)},1,x`, csvRow(3)))).toEqual(['3 row quotes']);
    expect(await errors(csvFile(csvRow(1), `p-2,Pay"ee,DE,${iban(2)},1,x`))).toEqual(['3 row quotes']);
    expect(await errors(csvFile(csvRow(1), `${csvRow(2)},`, csvRow(3), 'x'))).toEqual(['3 row ragged_row', '5 row ragged_row']);
    expect(await errors(csvFile(csvRow(1), `"${'x'.repeat(20_000)}`))).toEqual(['3 row row_too_long']);
    expect(await errors(`${CSV_HEADER}\n${'x'.repeat(3 << 20)}`)).toEqual(['2 file line_too_long']);
  });

  test('each wrong cell is reported with row, column and reason', async () => {
    expect(
      await errors(
        csvFile(
          `,N,DE,${iban(1)},1,a`,
          `p 1,N,DE,${iban(1)},1,b`,
          `c-1,N,Germany,${iban(1)},1,c`,
          `c-2,N,DE,${iban(1)},,d`,
          `c-3,N,DE,${iban(1)},1.001,e`,
          `c-4,N,DE,${iban(1)},-1,f`,
          `c-5,N,DE,${iban(1)},"1,00",g`,
          `c-6,N,DE,${iban(1)},0,h`,
          `c-7,N,DE,${iban(1)},90071992547409.92,i`,
          `c-8,N,DE,${iban(1)},1,`,
          `c-9,N,DE,${iban(1)},1,a/b`,
          `c-10,N,DE,${iban(1)},1,${'x'.repeat(21)}`,
          `c-11,N,DE,DE89370400440532013001,1,j`,
          `c-12,,DE,${iban(1)},1,k`,
          `c-13,N,DE,,1,l`,
          `c-14,${'n'.repeat(141)},DE,${iban(1)},1,m`,
        ),
      ),
    ).toEqual([
      '2 payee_reference missing',
      '3 payee_reference form',
      '4 country unknown_country',
      '5 amount missing',
      '6 amount amount',
      '7 amount amount',
      '8 amount amount',
      '9 amount amount',
      '10 amount amount',
      '11 reference missing',
      '12 reference reference_characters',
      '13 reference reference_too_long',
      '14 iban iban_checksum',
      '15 payee_name required',
      '16 destination one_destination',
      '17 payee_name too_long',
    ]);
    const types = `payee_type,${CSV_HEADER}\nrobot,${csvRow(1)}`;
    expect(await errors(types)).toEqual(['2 payee_type one_of']);
    const us = 'payee_reference,payee_name,country,routing_number,account_number,amount,reference\nu-1,N,US,021000021,12345678,1,x';
    expect(await errors(us)).toEqual(['2 account_number destination_not_on_rail']);
  });

  test('of 101 errors a hundred are reported, in the order of the rows', async () => {
    const bad = Array.from({ length: 101 }, (_, i) => csvRow(i, 'much'));
    expect(await errors(csvFile(...bad))).toEqual(Array.from({ length: 100 }, (_, i) => `${i + 2} amount amount`));
  });

  test('repeats, near or far apart, are reported with their row; declared ones are taken', async () => {
    const rows = Array.from({ length: ROWS_A_TRANSACTION + 1 }, (_, i) => csvRow(i));
    rows[5] = csvRow(3);
    rows[ROWS_A_TRANSACTION] = csvRow(7);
    expect(await refused(csvFile(...rows), { allow_duplicates: 'false' })).toEqual({
      code: 'duplicate_items',
      errors: ['7 row duplicate', `${ROWS_A_TRANSACTION + 2} row duplicate`],
    });
    expect(made(await upload(ctx(), csvFile(csvRow(3), csvRow(3)), { allow_duplicates: 'true' })).item_count).toBe(2);
    // The same amount in another notation is the same amount.
    expect((await refused(csvFile(csvRow(3, '1.50'), csvRow(3, '1.5')), { allow_duplicates: 'false' })).code).toBe('duplicate_items');
  });

  test('repeats are reported in the same round as all other errors, in the order of the rows, and name the row that they repeat', async () => {
    const strict = { allow_duplicates: 'false', validate_only: 'true' } as const;
    const text = csvFile(csvRow(1), csvRow(2, 'much'), csvRow(1), 'p-3', csvRow(4, '1.005'), csvRow(1));
    expect(await refused(text, strict)).toEqual({
      code: 'invalid_csv',
      errors: ['3 amount amount', '4 row duplicate', '5 row ragged_row', '6 amount amount', '7 row duplicate'],
    });
    const result = await upload(ctx(), text, strict);
    expect(result.ok ? [] : result.refusal.errors?.filter(({ reason }) => reason === 'duplicate').map(({ message }) => message)).toEqual(
      Array.from({ length: 2 }, () => expect.stringMatching(/^repeats payee_reference, amount and reference of row 2;/)),
    );
  });

  test('a part without a good row has its errors in the order of the rows too', async () => {
    expect(await errors(csvFile(csvRow(1, 'much'), 'p-2', csvRow(3, 'much'), 'p-4'))).toEqual([
      '2 amount amount',
      '3 row ragged_row',
      '4 amount amount',
      '5 row ragged_row',
    ]);
  });

  test('of more wrong rows than are listed, all are counted', async () => {
    const detailOf = async (rows: string[], query: Parameters<typeof upload>[2] = {}) => {
      const result = await upload(ctx(), csvFile(...rows), { ...query, validate_only: 'true' });
      return result.ok ? '' : result.refusal.detail;
    };
    const bad = Array.from({ length: 5_000 }, (_, i) => csvRow(i, 'much'));
    expect(await detailOf([...bad.slice(0, 10), csvRow(20_000), ...bad.slice(10)])).toMatch(/ 100 of 5,000 wrong rows are listed\.$/);
    const twice = Array.from({ length: 151 }, () => csvRow(1));
    expect(await detailOf(twice, { allow_duplicates: 'false' })).toMatch(/ 100 of 150 wrong rows are listed\.$/);
    expect(await detailOf(bad.slice(0, 100))).toBe('Nothing was stored. Fix the 100 errors and send the file again.');
  });

  test('a total row is named for what it is, whatever it fills in; a payment that happens to equal the sum is none', async () => {
    const rows = [csvRow(1, '10.00'), csvRow(2, '20.00')];
    expect(await errors(csvFile(...rows, 'Total,,,,30.00,'))).toEqual(['4 row total_row']);
    expect(await errors(csvFile(...rows, `Total,Payee 3,DE,${iban(3)},30.00,June`))).toEqual(['4 row total_row']);
    expect(await errors(csvFile(...rows, ',,,,30.00,'))).toEqual(['4 row total_row']);
    expect(await errors(csvFile(...rows, 'June,All,DE,,30.00,June'))).toEqual(['4 row total_row']);
    expect(await errors(csvFile(...rows, 'June,All,DE,,31.00,June'))).toEqual(['4 destination one_destination']);
    expect(await errors(csvFile(csvRow(1, 'x'), csvRow(2, 'x'), ',,,,x,'))).toEqual([
      '2 amount amount',
      '3 amount amount',
      '4 payee_reference missing',
      '4 reference missing',
    ]);
    const again = csvFile(...rows, csvRow(61_003, '30.00'), 'p-61003,,,,60.00,again');
    expect(made(await upload(ctx(), again)).item_count).toBe(4);
    expect(await errors(again)).toEqual(['5 destination account_left_out']);
  });

  test('a sum past 2^53 − 1 is refused', async () => {
    expect(await errors(csvFile(csvRow(1, '90071992547409.91'), csvRow(2, '0.01')))).toEqual(['amount total_too_large']);
  });

  test('a wrong query is refused before the file is read', async () => {
    expect((await refused(csvFile(csvRow(1)), { rail: 'pigeon' })).errors).toEqual(['rail no_such_rail']);
    await upload(ctx(), csvFile(csvRow(1)), { external_id: 'taken' });
    expect((await refused('not even a csv', { external_id: 'taken' })).code).toBe('external_id_taken');
  });

  test('a new payee has one name and one type in a file, however far apart its rows are', async () => {
    const header = 'payee_reference,payee_name,payee_type,country,iban,amount,reference';
    const row = (place: number, name: string, type: string) => `one-name,${name},${type},DE,${iban(1)},1.00,twice ${place}`;
    const others = Array.from({ length: ROWS_A_TRANSACTION }, (_, i) => `one-name-${i},Payee,individual,DE,${iban(1)},1.00,once`);
    const rows = [row(1, 'Ana', 'individual'), row(2, 'Anna', 'individual'), ...others, row(3, 'Anna', 'individual'), row(4, ' Ana ', 'individual')];
    expect(await errors([header, ...rows].join('\n'))).toEqual(['3 payee_name name_differs', `${others.length + 4} payee_name name_differs`]);
    expect(await errors([header, row(1, 'Ana', 'individual'), row(2, 'Ana', 'company')].join('\n'))).toEqual(['3 payee_type type_differs']);
  });

  test('a cell that nobody would read is an error', async () => {
    const header = 'payee_reference,payee_name,country,iban,bic,account_token,amount,reference';
    expect(await errors(`${header}\nunread-1,Ana,DE,,GARBAGE,tok_12345,1.00,x`)).toEqual(['2 bic one_destination']);
    expect(await errors(`${header}\nunread-1,Ana,DE,,DEUTDEFF,,1.00,x`)).toEqual(['2 bic one_destination']);
    expect(await errors(`${header}\nunread-1,Ana,DE,${iban(1)},,tok_12345,1.00,x`)).toEqual(['2 account_token one_destination']);
  });

  test('a payee that later rows contradict: nothing of the file is left, and its external_id is free', async () => {
    const rows = Array.from({ length: ROWS_A_TRANSACTION + 1 }, (_, i) => csvRow(70_000 + i));
    rows[ROWS_A_TRANSACTION] = `p-70000,Payee 70000,FR,${iban(70_000)},1.00,again`;
    expect(await refused(csvFile(...rows), { external_id: 'torn' })).toEqual({
      code: 'invalid_csv',
      errors: [`${ROWS_A_TRANSACTION + 2} country country_differs`],
    });
    expect(made(await upload(ctx(), csvFile(csvRow(70_000)), { external_id: 'torn' })).external_id).toBe('torn');
  });
});
