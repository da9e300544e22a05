import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { takeIn } from '../../operations/intake/take-in.js';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import {
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
import { codeOf, made, must, refusalOf, uuidOf } from '../world/wire.js';

let world: IntakeWorld;
beforeAll(async () => {
  world = await openIntakeWorld();
  made(await upload(ctx(), csvFile(csvRow(1), csvRow(2))));
}, 120_000);
afterAll(() => world?.close());

const ctx = () => world.as(world.preparer);
const STRICT = { allow_duplicates: 'false' } as const;
/** A row that repeats a payment, one that gives a known payee another name and account, and one with a new payee. */
const REPEATING = csvFile(csvRow(1), `p-2,Somebody Else,DE,${iban(99)},3.00,INV 3`, csvRow(900));

const payees = () => world.sql(`SELECT p.reference, d.version, d.masked FROM payee p JOIN payee_destination d ON d.payee_id = p.id ORDER BY 1, 2`);
const itemsOf = async (id: string) => (await world.sql('SELECT 1 FROM payout_item WHERE batch_id = $1', [id])).length;
const takenIn = async (id: string) => {
  await takeIn(world.worker(), id, new AbortController().signal);
  return must(await showPayoutBatch(ctx(), { batch_id: id }));
};

test('a file for a workspace that is stopped is refused, and leaves nothing (R1)', async () => {
  await world.sql('UPDATE workspace SET frozen_at = now()');
  try {
    expect(refusalOf(await upload(ctx(), csvFile(csvRow(1)), { external_id: 'stopped' })).code).toBe('workspace_frozen');
  } finally {
    await world.sql('UPDATE workspace SET frozen_at = NULL');
  }
  expect(await world.sql(`SELECT FROM payout_batch WHERE external_id = 'stopped'`)).toEqual([]);
});

/** A file between whose two readings something else happens. */
const interrupted = (text: string, happens: () => Promise<unknown>) => {
  const whole = spooled(text);
  let opened = 0;
  return {
    ...whole,
    async *open() {
      opened += 1;
      if (opened === 2) await happens();
      yield* whole.open();
    },
  };
};

describe('payments that are paid or open already are refused, and payees are as they were', () => {
  test('in a file', async () => {
    const [before, rows] = [await payees(), await rowCounts(world)];
    expect(codeOf(await upload(ctx(), REPEATING, STRICT))).toBe('repeated_payments');
    expect(await payees()).toEqual(before);
    expect(await rowCounts(world)).toEqual(rows);
  });

  test('in a file that a run takes in', async () => {
    const before = await payees();
    const batch = await takenIn(await handedOver(ctx(), REPEATING, STRICT));
    expect(batch).toMatchObject({ state: 'refused', upload: { rows_stored: 0, refusal: { code: 'repeated_payments' } } });
    expect(await payees()).toEqual(before);
  });

  test('as JSON', async () => {
    const before = await payees();
    const items = [
      { payee: { reference: 'p-1' }, amount: 1250, reference: 'INV 1' },
      { payee: { reference: 'p-2', name: 'Somebody Else', iban: iban(99) }, amount: 3, reference: 'INV 3' },
    ];
    expect(codeOf(await create(ctx(), { items, allow_duplicates: false }))).toBe('repeated_payments');
    expect(await payees()).toEqual(before);
  });

  test('in the same file that was handed over twice: the second is refused before a row of it is stored', async () => {
    const text = csvFile(csvRow(500), csvRow(501));
    const [first, second] = [await handedOver(ctx(), text, STRICT), await handedOver(ctx(), text, STRICT)];
    expect((await takenIn(first)).state).toBe('queued');
    expect(await takenIn(second)).toMatchObject({ state: 'refused', upload: { refusal: { code: 'repeated_file' } } });
    expect(await itemsOf(second)).toBe(0);
  });
});

describe('what another request brings about while rows are stored', () => {
  const detailOf = (result: Awaited<ReturnType<typeof upload>>) => (result.ok ? '' : result.refusal.detail);

  test('the same payments: the batch is refused at its end, and the refusal says that payees may have changed', async () => {
    const text = csvFile(csvRow(600), csvRow(601));
    const first: string[] = [];
    const meanwhile = async () => first.push(made(await upload(ctx(), csvFile(csvRow(600)), STRICT)).id);
    const result = await uploadFile(ctx(), interrupted(text, meanwhile), STRICT);
    expect(result).toMatchObject({ refusal: { code: 'repeated_payments', extra: { batch_id: first[0], count: 1 } } });
    expect(detailOf(result)).toMatch(/new payees, names and accounts that the file gives may be in force/);
    expect(await world.sql(`SELECT 1 FROM payee WHERE reference = 'p-601'`)).toHaveLength(1);
    expect(await world.sql(`SELECT 1 FROM batch_control WHERE state = 'receiving'`)).toEqual([]);
    expect(await itemsOf(uuidOf(first[0] ?? ''))).toBe(1);
  });

  test('a payee in another country: the refusal does not say that nothing was stored once something was', async () => {
    const rows = Array.from({ length: ROWS_A_TRANSACTION + 1 }, (_, i) => csvRow(10_000 + i));
    const last = 10_000 + ROWS_A_TRANSACTION;
    const meanwhile = async () => made(await upload(ctx(), csvFile(csvRow(last).replace(',DE,', ',FR,'))));
    const late = await uploadFile(ctx(), interrupted(csvFile(...rows), meanwhile));
    expect(refusalOf(late)).toEqual({ code: 'invalid_csv', errors: [`${rows.length + 1} country country_differs`] });
    expect(detailOf(late)).toMatch(/^No payment was stored\. .* may be in force/);
    const elsewhere = async () => made(await upload(ctx(), csvFile(csvRow(701).replace(',DE,', ',FR,'))));
    expect(detailOf(await uploadFile(ctx(), interrupted(csvFile(csvRow(700), csvRow(701)), elsewhere)))).toMatch(/^Nothing was stored\. .*again\.$/);
    expect(await world.sql(`SELECT 1 FROM payee WHERE reference = 'p-700'`)).toEqual([]);
  });
});
