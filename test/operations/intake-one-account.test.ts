import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkCsv } from '../../operations/intake/check-csv.js';
import { takeIn } from '../../operations/intake/take-in.js';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import {
  allItems,
  CAPABILITIES,
  create,
  csvFile,
  csvRow,
  handedOver,
  type IntakeWorld,
  openIntakeWorld,
  ROWS_A_TRANSACTION,
  rowCounts,
  spooled,
  upload,
  uploadFile,
} from '../world/intake.js';
import { iban } from '../world/payees.js';
import { made, must, refusalOf, uuidOf } from '../world/wire.js';

let world: IntakeWorld;
beforeAll(async () => {
  world = await openIntakeWorld();
  made(await upload(ctx(), csvFile(full('known-1', NEWEST), full('known-2', NEWEST), `typed,Ada,DE,${iban(1)},1.00,first`)));
}, 120_000);
afterAll(() => world?.close());

const ctx = () => world.as(world.preparer);
const [NEWEST, OTHER, THIRD] = [iban(1), iban(2), iban(3)];
let payments = 0;
const full = (reference: string, account: string) => `${reference},Ada,DE,${account},1.00,INV ${payments++}`;
const pays = (reference: string, account = '') => `${reference},,,${account},1.00,INV ${payments++}`;

/** What the check finds, with parts of so many rows. */
const checked = async (text: string, partRows = ROWS_A_TRANSACTION, afterPart?: (rows: number) => Promise<void>) => {
  const terms = { currency: 'EUR', capabilities: CAPABILITIES };
  const goOn = async (rows: number) => {
    await afterPart?.(rows);
    return true;
  };
  const found = await checkCsv(ctx(), spooled(text).open(), { terms, allowDuplicates: true, partRows, goOn });
  if (found === 'stopped') throw new Error('the check was stopped');
  return 'refusal' in found ? (found.refusal.errors ?? []) : [];
};
const reasons = async (text: string, partRows?: number) =>
  (await checked(text, partRows)).map(({ row, field, reason }) => `${row} ${field} ${reason}`);

describe('a file pays a payee to one account', () => {
  test('and an error names the row that says otherwise', async () => {
    const text = csvFile(pays('known-1', OTHER), pays('known-2'), pays('known-1', THIRD), pays('known-1'), pays('known-2', OTHER));
    expect(await checked(text)).toEqual([
      { row: 4, field: 'iban', reason: 'other_account', message: expect.stringMatching(/^row 2 pays this payee to another account; a batch pays/) },
      {
        row: 5,
        field: 'destination',
        reason: 'account_left_out',
        message: expect.stringMatching(/^row 2 names an account .* write the account in all rows/),
      },
      {
        row: 6,
        field: 'iban',
        reason: 'account_left_out',
        message: expect.stringMatching(/^row 3 names no account .* write the account in all rows/),
      },
    ]);
  });

  test('rows that name the same one, or none, are fine; a BIC makes no other account', async () => {
    for (const accounts of [
      [OTHER, OTHER],
      [NEWEST, NEWEST],
      ['', ''],
    ])
      expect(await checked(csvFile(...accounts.map((account) => pays('known-1', account))), 1)).toEqual([]);
    const bic = `payee_reference,bic,iban,amount,reference\nknown-1,DEUTDEFF,${OTHER},1.00,a\nknown-1,,${OTHER},1.00,b`;
    expect(await checked(bic)).toEqual([]);
  });

  test('and an account in some rows only is refused, which tells nothing of the stored account', async () => {
    for (const shape of [
      [true, false],
      [false, true],
      [true, true, false],
    ]) {
      const answers = [NEWEST, OTHER].map((account) => checked(csvFile(...shape.map((names) => pays('known-1', names ? account : ''))), 1));
      const [ofNewest, ofOther] = await Promise.all(answers);
      expect(ofNewest).toEqual(ofOther);
      expect(ofNewest?.map(({ row, reason }) => `${row} ${reason}`)).toEqual([`${shape.length + 1} account_left_out`]);
    }
  });

  test('and a request that makes the payee between two parts makes the next row wrong', async () => {
    const other = async (rows: number) => {
      if (rows === 1) made(await upload(ctx(), csvFile(full('meanwhile', NEWEST))));
    };
    expect(await checked(csvFile(full('meanwhile', NEWEST), pays('meanwhile', OTHER)), 1, other)).toEqual([
      { row: 3, field: 'payee_reference', reason: 'made_meanwhile', message: 'another request made this payee meanwhile; send the file again' },
    ]);
  });

  test('a new payee too, and its first row describes it', async () => {
    expect(await reasons(csvFile(full('new-1', NEWEST), pays('new-1'), pays('new-1', OTHER), pays('new-1', NEWEST)))).toEqual([
      '4 iban other_account',
    ]);
    const late = csvFile(pays('new-2'), full('new-2', NEWEST));
    expect(await reasons(late)).toEqual(await reasons(late, 1));
    expect(await reasons(late)).toContain('2 payee_name required');
  });

  test('whatever the order of its rows and wherever a part of it ends', async () => {
    const row = fc.record({ payee: fc.constantFrom('known-1', 'known-2', 'new'), account: fc.constantFrom('', NEWEST, OTHER, THIRD) });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 5 }), async (rows, partRows) => {
        // A new payee is described first, and has no account before.
        const ordered = [{ payee: 'new', account: OTHER }, ...rows];
        const text = csvFile(...ordered.map(({ payee, account }) => (payee === 'new' && account ? full(payee, account) : pays(payee, account))));
        const found = await reasons(text, partRows);
        expect(found).toEqual(await reasons(text));
        const named = (payee: string) =>
          ordered.filter((one) => one.payee === payee).map(({ account }) => account || (payee === 'new' ? OTHER : 'none'));
        const agree = ['known-1', 'known-2', 'new'].every((payee) => new Set(named(payee)).size <= 1);
        expect(found.length === 0).toBe(agree);
      }),
      { numRuns: 40 },
    );
  });

  test('nothing of it is stored otherwise, however far apart the rows are and whoever takes it in', async () => {
    const rows = [pays('known-1', OTHER), ...Array.from({ length: ROWS_A_TRANSACTION }, (_, i) => csvRow(40_000 + i)), pays('known-1')];
    const before = await rowCounts(world);
    const wrong = { code: 'invalid_csv', errors: [`${rows.length + 1} destination account_left_out`] };
    expect(refusalOf(await upload(ctx(), csvFile(...rows)))).toEqual(wrong);
    expect(await rowCounts(world)).toEqual(before);
    const id = await handedOver(ctx(), csvFile(...rows));
    await takeIn(world.worker(), id, new AbortController().signal);
    expect((await must(await showPayoutBatch(ctx(), { batch_id: id }))).upload?.refusal).toMatchObject({ code: 'invalid_csv' });
    const after = await rowCounts(world);
    expect([after['payee'], after['payee_destination']]).toEqual([before['payee'], before['payee_destination']]);
  });

  test('and a request that changes the account between two parts makes the file wrong, whoever takes it in', async () => {
    const rows = [pays('known-1'), ...Array.from({ length: ROWS_A_TRANSACTION + 10 }, (_, i) => csvRow(50_000 + i)), pays('known-1')];
    const bytes = Buffer.from(csvFile(...rows));
    const whole = spooled(bytes);
    const changeAccount = async () => made(await upload(ctx(), csvFile(pays('known-1', THIRD))));
    let opened = 0;
    // The second pass gets its last row only once a part is stored and the account has changed.
    const late = {
      ...whole,
      async *open() {
        opened += 1;
        if (opened < 2) return yield* whole.open();
        const end = bytes.lastIndexOf('known-1');
        yield bytes.subarray(0, end);
        while (
          (await world.sql(`SELECT 1 FROM payout_item i JOIN batch_control c USING (batch_id) WHERE c.state = 'receiving' LIMIT 1`)).length === 0
        );
        await changeAccount();
        yield bytes.subarray(end);
      },
    };
    const answer = await uploadFile(ctx(), late);
    expect(refusalOf(answer)).toEqual({ code: 'invalid_csv', errors: [`${rows.length + 1} payee_reference account_changed`] });
    expect(await world.sql(`SELECT 1 FROM batch_control WHERE state = 'receiving'`)).toEqual([]);
    expect(made(await upload(ctx(), csvFile(...rows.slice(-2)))).item_count).toBe(2);
  });

  test('and so does JSON, whether items name the payee by id or by reference', async () => {
    const batch = made(await create(ctx(), { items: [{ payee: { reference: 'known-2' }, amount: 1, reference: 'a' }] }));
    const [known] = await allItems(ctx(), uuidOf(batch.id));
    const items = [
      { payee: { reference: 'known-2', iban: OTHER }, amount: 1, reference: 'a' },
      { payee_id: known?.payee_id, amount: 2, reference: 'b' },
      { payee: { reference: 'known-2', iban: THIRD }, amount: 3, reference: 'c' },
    ];
    const before = await rowCounts(world);
    const result = await create(ctx(), { items });
    expect(refusalOf(result).errors).toEqual(['items.1.destination account_left_out', 'items.2.payee.iban other_account']);
    expect(JSON.stringify(result)).toContain('items.0 pays this payee to another account; a batch pays');
    expect(await rowCounts(world)).toEqual(before);
  });
});

describe('rows that contradict each other about a payee', () => {
  test('name each other, and only a payee that is known is said to be known', async () => {
    const header = 'payee_reference,payee_name,payee_type,country,iban,amount,reference';
    const row = (reference: string, name: string, type: string, country: string) =>
      `${reference},${name},${type},${country},${NEWEST},1.00,INV ${payments++}`;
    const rows = [row('c-1', 'Ana', '', 'DE'), row('c-1', 'Ana', '', 'AT'), row('c-1', 'Ana', 'company', ''), row('c-1', 'Anna', '', '')];
    const messages = [
      '3 country row 2 gives this payee the country DE; a payee has one',
      '4 payee_type by row 2 this payee is an individual, the default; a payee has one type',
      '5 payee_name row 2 names this payee otherwise; correct one of the two, or give each a reference of its own',
    ];
    for (const partRows of [1, 2, ROWS_A_TRANSACTION]) {
      const found = await checked([header, ...rows].join('\n'), partRows);
      expect(found.map((error) => `${error.row} ${error.field} ${error.message}`)).toEqual(messages);
    }
    const known = await checked([header, row('typed', '', '', 'AT'), row('typed', 'Bea', '', ''), row('typed', 'Cleo', '', '')].join('\n'));
    expect(known.map(({ row, message }) => `${row} ${message.split(';')[0]}`)).toEqual([
      '2 the payee is known in another country',
      '4 row 3 names this payee otherwise',
    ]);
  });

  test('a wrong row that repeats a payee hides none of its own errors', async () => {
    const text = `payee_reference,payee_name,country,iban,bic,amount,reference\nw-1,Ana,DE,${NEWEST},,1.00,a\nw-1,,,,DEUTDEFF,1.00,b`;
    expect(await reasons(text, 1)).toEqual(['3 bic one_destination']);
  });
});
