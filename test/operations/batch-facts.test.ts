import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createBatch, createBatchCsv } from '../../contracts/batches.js';
import { storesOf } from '../../db/stores.js';
import { type Database, openDatabase } from '../../db/transaction/open.js';
import { canonicalBytes, toHex } from '../../domain/hashing.js';
import { toItemId, toWireId } from '../../domain/ids.js';
import type { Refusal } from '../../domain/result.js';
import { payChunk } from '../../operations/chunk/pay.js';
import type { Context } from '../../operations/context.js';
import { askChallenge } from '../../operations/gate/ask.js';
import { receiveCsv } from '../../operations/intake/receive-csv.js';
import { addDestination } from '../../operations/payee/add-destination.js';
import { holdPayee, releasePayee } from '../../operations/payee/hold.js';
import { showPayee } from '../../operations/payee/show.js';
import { createPayoutBatch } from '../../operations/payout-batch/create.js';
import { editPayoutBatch } from '../../operations/payout-batch/edit.js';
import { rejectPayoutBatch } from '../../operations/payout-batch/reject.js';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import { settleEvidence } from '../../operations/settlement/settle.js';
import { latch } from '../harness/latch.js';
import { until } from '../harness/until.js';
import { spooled } from '../world/intake.js';
import { iban } from '../world/payees.js';
import { openPayingWorld, type PayingWorld } from '../world/paying.js';
import { codeOf, made, must, uuidOf } from '../world/wire.js';

let world: PayingWorld;
let pool: Database;
beforeAll(async () => {
  world = await openPayingWorld();
  pool = openDatabase(world.database.urls.api, 1);
}, 120_000);
afterAll(async () => {
  await pool?.close();
  await world.close();
});

const payee = (reference: string, token = `acct_${reference}`) => ({
  ...{ reference, name: 'Ada', payee_type: 'individual', country: 'DE', account_token: token },
});
const pay = (reference: string, amount: number, text = 'INV 1', token?: string) => ({ payee: payee(reference, token), amount, reference: text });
const terms = { currency: 'EUR', rail: 'sandbox' };
const create = (items: object[], more: object = {}) =>
  createPayoutBatch(world.as(world.preparer), { ...createBatch.parse({ ...terms, items, ...more }), validate_only: false });
const validate = (items: object[]) => createPayoutBatch(world.as(world.preparer), { ...createBatch.parse({ ...terms, items }), validate_only: true });
const upload = (text: string, more: object = {}) => receiveCsv(world.as(world.preparer), createBatchCsv.parse({ ...terms, ...more }), spooled(text));
const file = (...rows: string[]) => ['payee_reference,payee_name,country,account_token,amount,reference', ...rows, ''].join('\n');
const row = (reference: string, amount = '5.00', text = 'INV 1') => `${reference},Ada,DE,acct_${reference},${amount},${text}`;
const show = async (id: string) => must(await showPayoutBatch(world.api(), { batch_id: uuidOf(id) }));

/** What somebody who approves the batch is shown. */
const shownOf = async (id: string) =>
  must(await askChallenge(world.as(await world.person('approver')), { batch_id: uuidOf(id), gate: 'approve' })).summary;

/** Pays the batch for real. */
const paid = async (id: string) => {
  const batchId = uuidOf(id);
  await world.openUpTo('execute', batchId);
  await world.sequence();
  await payChunk(world.worker(), { batchId, chunk: 0 }, () => {});
  expect((await world.view(batchId))?.control.state).toBe('completed');
  return id;
};

/** The provider says that the money of a paid batch's first item came back. */
const cameBack = async (id: string) => {
  const batchId = uuidOf(id);
  const [item] = await world.sql<{ provider_reference: string }>('SELECT provider_reference FROM payout_item WHERE batch_id = $1', [batchId]);
  const outcome = { key: toItemId(batchId, 0), outcome: 'returned', rank: 9, reason: null, amount: null, currency: null } as const;
  const outcomes = [{ ...outcome, providerReference: item?.provider_reference ?? '' }];
  const { connectionId } = world.home;
  expect(await settleEvidence(world.worker(), { batchId, connectionId, source: 'webhook', outcomes })).toMatchObject({ moved: 1 });
};

/** Makes two batches of an item: the second is looked at before the first is committed, and sealed after it. */
const atOnce = async (first: object, second: object) => {
  const preparer = world.as(world.preparer);
  const sealed = latch();
  const commit = latch();
  const held: Context = {
    ...preparer,
    inTenant: (work, options) =>
      preparer.inTenant(async (stores) => {
        const result = await work(stores);
        sealed.open();
        await commit.opened;
        return result;
      }, options),
  };
  const one = createPayoutBatch(held, { ...createBatch.parse({ ...terms, items: [first] }), validate_only: false });
  await sealed.opened;
  let over = false;
  const end = (): void => {
    over = true;
  };
  const other = create([second]);
  other.then(end, end);
  const waits = `SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE NOT l.granted AND d.datname = current_database()`;
  await until('the second to wait or to end', async () => over || (await world.sql(waits)).length > 0 || undefined);
  commit.open();
  return [one, other] as const;
};

describe('changed destinations', () => {
  test('of paid payees are shown with old and new, who changed them and when, and listed in attention until the batch executes', async () => {
    await paid(made(await create([pay('moved', 500), pay('stayed', 500)])).id);
    const [known] = await world.sql<{ id: string }>(`SELECT id FROM payee WHERE reference = 'moved'`);
    const changer = await world.person('preparer');
    must(await addDestination(world.as(changer), { payee_id: known?.id ?? '', account_token: 'acct_elsewhere' }));
    const batch = made(await create([{ payee: { reference: 'moved' }, amount: 600, reference: 'INV 2' }, pay('stayed', 600, 'INV 2')]));
    expect(batch.attention).toEqual(expect.arrayContaining(['changed_destinations']));
    const summary = await shownOf(batch.id);
    expect(summary.new_payees).toBe(0);
    expect(summary.facts.changed_destinations).toEqual({
      count: 1,
      shown: [
        {
          payee_reference: 'moved',
          from: expect.stringMatching(/oved$/),
          to: expect.stringMatching(/here$/),
          changed_by: { person_id: toWireId('person', changer.id), name: expect.any(String), roles: ['preparer'], api_key: null },
          changed_at: expect.stringMatching(/Z$/),
        },
      ],
    });
    await paid(batch.id);
    expect((await show(batch.id)).attention).toEqual([]);
    const next = made(await create([{ payee: { reference: 'moved' }, amount: 700, reference: 'INV 3' }]));
    expect((await shownOf(next.id)).facts.changed_destinations).toEqual({ count: 0, shown: [] });
  });

  test('the same account in a new version is none: with another name, and there and back before anything was paid', async () => {
    await paid(made(await create([pay('renamed', 500), pay('there-and-back', 500)])).id);
    const add = async (reference: string, account_token: string, name?: string) => {
      const [known] = await world.sql<{ id: string }>('SELECT id FROM payee WHERE reference = $1', [reference]);
      must(await addDestination(world.as(world.preparer), { payee_id: known?.id ?? '', account_token, name }));
    };
    await add('renamed', 'acct_renamed', 'Ada King');
    await add('there-and-back', 'acct_there');
    await add('there-and-back', 'acct_there-and-back');
    const next = (reference: string) => ({ payee: { reference }, amount: 600, reference: 'INV 2' });
    const batch = made(await create([next('renamed'), next('there-and-back')]));
    expect(batch.attention).not.toContain('changed_destinations');
    expect((await shownOf(batch.id)).facts.changed_destinations).toEqual({ count: 0, shown: [] });
    await add('there-and-back', 'acct_there');
    const there = made(await create([{ ...next('there-and-back'), reference: 'INV 3' }]));
    await paid(there.id);
    await add('there-and-back', 'acct_there-and-back');
    const back = made(await create([{ ...next('there-and-back'), reference: 'INV 4' }]));
    expect((await shownOf(back.id)).facts.changed_destinations.count).toBe(1);
  });

  test('an account whose payment came back is not known: the one before is, and with none the payee is new again', async () => {
    const first = await paid(made(await create([pay('bounced', 500, 'INV 1', 'acct_good')])).id);
    const wrong = await paid(made(await create([pay('bounced', 500, 'INV 2', 'acct_wrong')])).id);
    const factsOf = async (text: string, token: string) => {
      const { facts, new_payees } = await shownOf(made(await create([pay('bounced', 500, text, token)])).id);
      return [facts.changed_destinations.count, new_payees];
    };
    expect(await factsOf('INV 3', 'acct_wrong')).toEqual([0, 0]);
    await cameBack(wrong);
    expect(await factsOf('INV 4', 'acct_wrong')).toEqual([1, 0]);
    expect(await factsOf('INV 5', 'acct_good')).toEqual([0, 0]);
    await cameBack(first);
    expect(await factsOf('INV 6', 'acct_good')).toEqual([0, 1]);
  });

  test('a payment that came back leaves an account known where another payment stands', async () => {
    for (const text of ['INV 1', 'INV 2']) await paid(made(await create([pay('stands', 500, text)])).id);
    const elsewhere = await paid(made(await create([pay('stands', 500, 'INV 3', 'acct_stands_2')])).id);
    const last = await paid(made(await create([pay('stands', 500, 'INV 4')])).id);
    await cameBack(elsewhere);
    await cameBack(last);
    const batch = made(await create([pay('stands', 500, 'INV 5')]));
    expect([(await shownOf(batch.id)).facts.changed_destinations.count, (await shownOf(batch.id)).new_payees]).toEqual([0, 0]);
  });

  test('of an API key name the key beside its person', async () => {
    await paid(made(await create([pay('by-key', 500)])).id);
    const keyId = world.services.entropy.newId();
    const key = {
      id: keyId,
      name: 'import of invoices',
      prefix: 'sk',
      scopes: [],
      ownerPersonId: world.preparer.id,
      allowedNetworks: [],
      expiresAt: null,
    };
    await world.as(world.preparer).inTenant((stores) => stores.apiKeys.insert({ ...key, tokenHash: Buffer.from(keyId) }));
    const ctx: Context = {
      ...world.as(world.preparer),
      actor: { type: 'api_key', keyId, ownerPersonId: world.preparer.id, scopes: ['batches.create'] },
    };
    const items = [pay('by-key', 600, 'INV 2', 'acct_by-key-2')];
    const batch = made(await createPayoutBatch(ctx, { ...createBatch.parse({ ...terms, items }), validate_only: false }));
    const [shown] = (await shownOf(batch.id)).facts.changed_destinations.shown;
    expect(shown?.changed_by).toEqual({
      ...{ person_id: toWireId('person', world.preparer.id), name: expect.any(String), roles: ['preparer'] },
      api_key: { id: toWireId('apiKey', keyId), name: 'import of invoices' },
    });
  });

  test('an edit seals the facts of what is left, and the event of a challenge holds the hash of what it showed', async () => {
    await paid(made(await create([pay('edited', 500)])).id);
    const batch = made(await create([pay('edited', 600, 'INV 2', 'acct_edited_2'), pay('edited-new', 600)]));
    const { facts, new_payees } = await shownOf(batch.id);
    expect([facts.changed_destinations.count, new_payees]).toEqual([1, 1]);
    const [event] = await world.sql<{ detail: { facts_sha256: string } }>(
      `SELECT detail FROM audit_event WHERE subject_id = $1 AND action = 'gate.challenge'`,
      [uuidOf(batch.id)],
    );
    expect(event?.detail.facts_sha256).toBe(toHex(world.services.sha256(canonicalBytes(facts))));
    must(await editPayoutBatch(world.as(world.preparer), { batch_id: uuidOf(batch.id), exclude: [{ batchId: uuidOf(batch.id), ordinal: 0 }] }));
    const after = await shownOf(batch.id);
    expect([after.facts.changed_destinations.count, after.new_payees]).toEqual([0, 1]);
  });
});

describe('the same payments again', () => {
  test('are refused with the earlier batch while they are open or paid, and taken when that is said, and shown all the same', async () => {
    const items = [pay('again-1', 500), pay('again-2', 700)];
    const first = made(await create(items));
    const more = [...items, pay('again-3', 500)];
    const equal = (item: number, name: string, amount: number, state = 'pending') => ({
      ...{ field: `items.${item}`, reason: 'repeated' },
      message: `${name}, ${amount / 100}.00 EUR: equals item ${item} of ${first.id}, which is ${state}`,
      equals: {
        ...{ batch_id: first.id, item_id: toItemId(uuidOf(first.id), item), ordinal: item },
        ...{ state, payee_reference: name, amount },
      },
    });
    const refused = {
      code: 'repeated_payments',
      detail: `2 payments equal ones in ${first.id}. Take them out, or send the batch with allow_duplicates if they are to be paid once more.`,
      errors: [equal(0, 'again-1', 500), equal(1, 'again-2', 700)],
      extra: { batch_id: first.id, count: 2 },
    };
    expect(await create(more)).toEqual({ ok: false, refusal: refused });
    expect(await validate(more)).toEqual({ ok: false, refusal: refused });
    const [known] = await world.sql<{ id: string }>(`SELECT id FROM payee WHERE reference = 'again-1'`);
    const byId = { payee_id: `payee_${known?.id.replaceAll('-', '')}`, amount: 500 };
    expect(codeOf(await validate([{ ...byId, reference: 'INV 1' }]))).toBe('repeated_payments');
    expect(codeOf(await validate([{ ...byId, reference: 'INV 2' }]))).toBe('ok');
    await paid(first.id);
    expect(await create([pay('again-3', 500), pay('again-2', 700)])).toMatchObject({
      refusal: {
        detail: `1 payment equals one in ${first.id} (item 1, paid). Take it out, or send the batch with allow_duplicates if it is to be paid once more.`,
        errors: [{ field: 'items.1', equals: { state: 'paid', ordinal: 1 } }],
      },
    });
    const again = made(await create(more, { allow_duplicates: true }));
    expect(again.attention).toContain('same_payments');
    const same = (item: number, name: string, amount: number) => ({
      ...{ ordinal: item, payee_reference: name, amount, reference: 'INV 1', times: 1 },
      equals: { batch_id: first.id, ordinal: item, state: 'paid' },
    });
    expect((await shownOf(again.id)).facts.same_payments).toEqual({
      ...{ count: 2, batch_id: first.id, batches: [{ batch_id: first.id, count: 2 }] },
      shown: [same(1, 'again-2', 700), same(0, 'again-1', 500)],
    });
  });

  test('are all counted when they are equal, and the batch with the most of them is named', async () => {
    const meant = { allow_duplicates: true };
    const few = made(await create([pay('equal-1', 500), pay('equal-2', 500), pay('equal-2', 600)]));
    const twice = made(await create([pay('equal-3', 500), pay('equal-3', 500)], meant));
    const items = [pay('equal-1', 500), pay('equal-3', 500), pay('equal-1', 500), pay('equal-1', 500), pay('equal-4', 500), pay('equal-4', 500)];
    const lines = items.map(({ amount, payee: { reference } }) => ({
      payeeId: null,
      payeeReference: reference,
      amount: BigInt(amount),
      reference: 'INV 1',
    }));
    const repeatsOf = (currency: string) =>
      pool.transaction(async (tx) => {
        await tx.sql.rows('set')`SELECT set_config('app.tenant_id', ${world.home.tenantId}, true)`;
        const scope = { tenantId: world.home.tenantId, actor: { type: 'system', process: 'api' }, requestId: 'r', now: new Date() } as const;
        return storesOf(tx, scope).facts.repeatsOf(lines, currency);
      });
    const [inFew, inTwice] = [few, twice].map(({ id }) => ({ batchId: uuidOf(id), ordinal: 0, state: 'pending' }));
    expect(await repeatsOf('EUR')).toEqual({
      count: 4,
      earlier: [
        [uuidOf(few.id), 3],
        [uuidOf(twice.id), 1],
      ],
      first: [
        { place: 0, payeeReference: 'equal-1', amount: 500n, equals: inFew },
        { place: 1, payeeReference: 'equal-3', amount: 500n, equals: inTwice },
      ],
    });
    const different = [pay('equal-3', 500), pay('equal-2', 600), pay('equal-2', 500)];
    expect(await create(different)).toMatchObject({
      refusal: { detail: expect.stringContaining(`3 payments equal earlier ones: 2 in ${few.id}, 1 in ${twice.id}. Take them out`) },
    });
    expect(await repeatsOf('USD')).toBeNull();
    const again = made(await create(items, meant));
    expect((await shownOf(again.id)).facts.same_payments).toMatchObject({
      ...{ count: 4, batch_id: few.id },
      batches: [
        { batch_id: few.id, count: 3 },
        { batch_id: twice.id, count: 1 },
      ],
      shown: [
        { ordinal: 0, payee_reference: 'equal-1', times: 3, equals: { batch_id: few.id, ordinal: 0, state: 'pending' } },
        { ordinal: 1, payee_reference: 'equal-3', times: 1, equals: { batch_id: twice.id, ordinal: 0, state: 'pending' } },
      ],
    });
    // The newest batch with a payment is the one that it repeats, and an item that was left out counts no more.
    const more = made(await create([...items, pay('equal-2', 600)], meant));
    const ofMore = (await shownOf(more.id)).facts.same_payments;
    expect(ofMore).toMatchObject({ count: 7, batch_id: again.id });
    expect(ofMore?.shown.map(({ ordinal, times }) => [ordinal, times])).toEqual([
      [6, 1],
      [0, 3],
      [1, 1],
      [4, 2],
    ]);
    const exclude = [0, 6].map((ordinal) => ({ batchId: uuidOf(more.id), ordinal }));
    must(await editPayoutBatch(world.as(world.preparer), { batch_id: uuidOf(more.id), exclude }));
    expect((await shownOf(more.id)).facts.same_payments).toMatchObject({ count: 5, batch_id: again.id });
  });

  test('another amount, reference or payee is another payment, and so is one of a batch that was rejected', async () => {
    const first = made(await create([pay('near', 500, 'INV 1')]));
    made(await create([pay('near', 501, 'INV 1'), pay('near', 500, 'INV 2'), pay('nearer', 500, 'INV 1')]));
    must(await rejectPayoutBatch(world.as(await world.person('approver')), { batch_id: uuidOf(first.id), reason: 'wrong month' }));
    made(await create([pay('near', 500, 'INV 1')]));
  });

  test('in a file are refused once it is received, and the upload is given up', async () => {
    const first = made(await upload(file(row('csv-1'), row('csv-2'))));
    const refused = await upload(file(row('csv-2'), row('csv-3')), { external_id: 'other-file' });
    expect(refused).toMatchObject({
      refusal: {
        ...{ code: 'repeated_payments', extra: { batch_id: first.id, count: 1 } },
        errors: [{ field: 'row', row: 2, reason: 'repeated', message: `csv-2, 5.00 EUR: equals item 1 of ${first.id}, which is pending` }],
      },
    });
    expect(await world.sql(`SELECT 1 FROM batch_control WHERE state = 'receiving'`)).toEqual([]);
    const taken = made(await upload(file(row('csv-2'), row('csv-3')), { external_id: 'other-file', allow_duplicates: 'true' }));
    expect(taken.attention).toContain('same_payments');
  });

  test('of two equal batches that are made at once only the first is taken: the second waits for it', async () => {
    // The payee is known already, or making it would let one wait for the other.
    made(await create([pay('race', 500, 'INV 0')]));
    const [one, other] = await atOnce(pay('race', 500), pay('race', 500));
    expect([codeOf(await one), await other.then(codeOf, () => 'undone')]).toEqual(['ok', 'undone']);
    expect(await world.sql(`SELECT 1 FROM payout_item i JOIN payee p ON p.id = i.payee_id WHERE p.reference = 'race'`)).toHaveLength(2);
  });
});

describe('the same payments within one batch', () => {
  test('are counted and shown when they are allowed, in a file and as JSON, and told while gates are to be opened', async () => {
    const rows = [
      row('within-1'),
      row('within-2', '7.00'),
      row('within-1'),
      row('within-2', '7.00'),
      row('within-2', '7.00'),
      row('within-1', '6.00'),
    ];
    const batch = made(await upload(file(...rows), { allow_duplicates: 'true' }));
    expect(batch.attention).toContain('repeated_within');
    expect((await shownOf(batch.id)).facts.repeated_within).toEqual({
      count: 3,
      shown: [
        { payee_reference: 'within-2', amount: 700, reference: 'INV 1', times: 3 },
        { payee_reference: 'within-1', amount: 500, reference: 'INV 1', times: 2 },
      ],
    });
    expect((await show(await paid(batch.id))).attention).not.toContain('repeated_within');
    const twice = [pay('within-3', 500), pay('within-3', 500)];
    expect(made(await create(twice, { allow_duplicates: true })).attention).toContain('repeated_within');
  });

  test('are none with another amount or reference, in an earlier batch, or once all but one are left out', async () => {
    made(await create([pay('within-4', 500)]));
    const meant = { allow_duplicates: true };
    const other = made(await create([pay('within-4', 500), pay('within-4', 501), pay('within-4', 500, 'INV 2')], meant));
    expect(other.attention).toContain('same_payments');
    expect((await shownOf(other.id)).facts.repeated_within).toEqual({ count: 0, shown: [] });
    const batch = made(await create([pay('within-5', 500), pay('within-5', 500)], meant));
    must(await editPayoutBatch(world.as(world.preparer), { batch_id: uuidOf(batch.id), exclude: [{ batchId: uuidOf(batch.id), ordinal: 0 }] }));
    expect((await show(batch.id)).attention).not.toContain('repeated_within');
  });
});

describe('the same payments in another file', () => {
  test('are refused, also as validation, and pass when that is said', async () => {
    const first = made(await upload(file(row('other-1'), row('other-2'))));
    // Empty rows, of which the first is on two lines.
    const mixed = file(row('other-3'), '"\n",,,,,', row('other-2'), row('other-4'), ',,,,,', row('other-1'));
    const errors = [
      { field: 'row', row: 4, line: 5, reason: 'repeated', message: expect.stringContaining('other-2'), equals: { ordinal: 1 } },
      { field: 'row', row: 7, line: 8, reason: 'repeated', message: expect.stringContaining('other-1'), equals: { ordinal: 0 } },
    ];
    for (const more of [{}, { validate_only: 'true' }])
      expect(await upload(mixed, more)).toMatchObject({ refusal: { code: 'repeated_payments', errors, extra: { batch_id: first.id, count: 2 } } });
    expect(must(await upload(mixed, { validate_only: 'true', allow_duplicates: 'true' }))).toMatchObject({ valid: true, item_count: 4 });
    expect(must(await upload(file(row('other-3')), { validate_only: 'true' }))).toMatchObject({ valid: true });
  });
});

describe('more repeated payments than are listed', () => {
  test('are counted, and the first hundred are listed in the order of the rows', async () => {
    const rows = Array.from({ length: 120 }, (_, i) => row(`many-${i}`));
    made(await upload(file(...rows)));
    const mixed = file(...[...rows].reverse());
    for (const more of [{}, { validate_only: 'true' }]) {
      const { refusal } = (await upload(mixed, more)) as { refusal: Refusal };
      expect(refusal.extra?.['count']).toBe(120);
      expect(refusal.detail).toContain('The first 100 are listed.');
      expect(refusal.errors?.map(({ row }) => row)).toEqual(Array.from({ length: 100 }, (_, i) => i + 2));
      expect(refusal.errors?.map(({ equals }) => equals?.ordinal)).toEqual(Array.from({ length: 100 }, (_, i) => 119 - i));
    }
  });
});

describe('the same file again', () => {
  test('is refused with the earlier batch, also as validation, and taken when that is said', async () => {
    const text = file(row('file-1'), row('file-2'));
    const first = made(await upload(text));
    for (const more of [{}, { validate_only: 'true' }])
      expect(await upload(text, more)).toMatchObject({ refusal: { code: 'repeated_file', extra: { batch_id: first.id } } });
    const again = made(await upload(text, { allow_duplicates: 'true' }));
    expect(again.attention).toEqual(expect.arrayContaining(['same_file', 'same_payments']));
    expect((await shownOf(again.id)).facts).toMatchObject({ same_file: { batch_id: first.id }, same_payments: { count: 2, batch_id: first.id } });
  });

  test('is taken after the earlier batch was rejected', async () => {
    const text = file(row('file-3'));
    const first = made(await upload(text));
    must(await rejectPayoutBatch(world.as(await world.person('approver')), { batch_id: uuidOf(first.id), reason: 'wrong month' }));
    expect(made(await upload(text)).attention).not.toContain('same_file');
  });
});

describe('held payees', () => {
  const about = async (reference: string) => {
    const [known] = await world.sql<{ id: string }>('SELECT id FROM payee WHERE reference = $1', [reference]);
    return { payee_id: known?.id ?? '', reason: 'a call about fraud' };
  };

  test('of a batch are shown with count, amount, holder and reason, as of now', async () => {
    made(await create([pay('held-before', 50)]));
    const holder = await world.person('approver');
    must(await holdPayee(world.as(holder), await about('held-before')));
    const items = [pay('held-before', 500), pay('held-before', 70, 'INV 2'), pay('held-after', 30), pay('held-never', 1)];
    const batch = made(await create(items));
    const by = { person_id: toWireId('person', holder.id), name: expect.any(String), roles: ['approver'], api_key: null };
    const shown = { payee_reference: 'held-before', held_at: expect.stringMatching(/Z$/), held_by: by, reason: 'a call about fraud' };
    expect((await shownOf(batch.id)).facts.held_payees).toEqual({ count: 1, payments: 2, amount: 570, shown: [shown] });
    must(await holdPayee(world.as(holder), await about('held-after')));
    const both = (await shownOf(batch.id)).facts.held_payees;
    expect(both).toMatchObject({ count: 2, payments: 3, amount: 600, shown: [shown, { ...shown, payee_reference: 'held-after' }] });
    for (const reference of ['held-before', 'held-after']) must(await releasePayee(world.as(holder), await about(reference)));
    expect((await shownOf(batch.id)).facts.held_payees).toEqual({ count: 0, payments: 0, amount: 0, shown: [] });
  });

  test('are found in a batch whose payments were forgotten, and a payment that was left out counts no more', async () => {
    const batch = made(await create([pay('held-old', 500), pay('held-old', 70, 'INV 2')]));
    must(await editPayoutBatch(world.as(world.preparer), { batch_id: uuidOf(batch.id), exclude: [{ batchId: uuidOf(batch.id), ordinal: 1 }] }));
    must(await holdPayee(world.as(await world.person('approver')), await about('held-old')));
    const heldOf = (days: number) => {
      const now = new Date(Date.now() + days * 86_400_000);
      return pool.transaction(async (tx) => {
        await tx.sql.rows('set')`SELECT set_config('app.tenant_id', ${world.home.tenantId}, true)`;
        const scope = { tenantId: world.home.tenantId, actor: { type: 'system', process: 'api' }, requestId: 'r', now } as const;
        return storesOf(tx, scope).facts.heldPayees(uuidOf(batch.id));
      });
    };
    for (const days of [0, 98]) expect(await heldOf(days)).toMatchObject({ count: 1, payments: 1, amount: 500n });
    must(await releasePayee(world.as(await world.person('approver')), await about('held-old')));
  });

  test('say so themselves: since when, by whom and why, until they are released', async () => {
    made(await create([pay('held-shown', 50)]));
    const holder = await world.person('executor');
    const held = must(await holdPayee(world.as(holder), await about('held-shown')));
    expect(held).toMatchObject({ held: true, hold: { held_by: { roles: ['executor'], api_key: null }, reason: 'a call about fraud' } });
    const { payee_id } = await about('held-shown');
    expect(must(await showPayee(world.api(), { payee_id }))).toEqual(held);
    expect(must(await releasePayee(world.as(holder), await about('held-shown')))).toMatchObject({ held: false, hold: null });
  });
});

describe('new destinations', () => {
  const person = (reference: string, country: string, account: number) => ({
    payee: { reference, name: 'Ada', country, iban: iban(account) },
    amount: 500,
    reference: 'INV 1',
  });

  test('in another country than the payee are shown until they were paid', async () => {
    const batch = made(await create([person('abroad', 'FR', 7_001), person('at-home', 'DE', 7_002), pay('nowhere', 500)]));
    expect(batch.attention).toContain('foreign_accounts');
    expect((await shownOf(batch.id)).facts.foreign_accounts).toEqual({
      count: 1,
      shown: [{ payee_reference: 'abroad', country: 'FR', destination: expect.stringMatching(/^IBAN DE …/) }],
    });
    await paid(batch.id);
    const again = made(await create([{ payee: { reference: 'abroad' }, amount: 600, reference: 'INV 2' }]));
    expect((await shownOf(again.id)).facts.foreign_accounts).toEqual({ count: 0, shown: [] });
  });

  test('of an account that another payee has are shown, whatever its name or BIC is', async () => {
    made(await create([person('owner', 'DE', 7_003)]));
    const other = person('other', 'DE', 7_003);
    const batch = made(await create([{ ...other, payee: { ...other.payee, name: 'Bob', bic: 'COBADEFFXXX' } }, person('alone', 'DE', 7_004)]));
    expect(batch.attention).toContain('shared_accounts');
    expect((await shownOf(batch.id)).facts.shared_accounts).toEqual({
      count: 1,
      shown: [{ payee_reference: 'other', destination: expect.stringMatching(/^IBAN DE …/), other_payee_reference: 'owner' }],
    });
  });

  test('of an account that a batch made at once has for another payee are shown with the one that is sealed second', async () => {
    const [one, other] = await atOnce(person('at-once-1', 'DE', 7_005), person('at-once-2', 'DE', 7_005));
    expect((await shownOf(made(await one).id)).facts.shared_accounts.count).toBe(0);
    expect((await shownOf(made(await other).id)).facts.shared_accounts).toEqual({
      count: 1,
      shown: [{ payee_reference: 'at-once-2', destination: expect.stringMatching(/^IBAN DE …/), other_payee_reference: 'at-once-1' }],
    });
  });
});

describe('what is unusual', () => {
  test('items above ten times the payee’s median, and payees of today', async () => {
    for (const [i, amount] of [100, 110, 10_000].entries()) await paid(made(await create([pay('steady', amount, `INV ${i}`)])).id);
    const batch = made(await create([pay('steady', 1_101, 'INV 7'), pay('steady', 1_100, 'INV 8'), pay('unknown', 9_999)]));
    expect(batch.attention).toEqual(expect.arrayContaining(['unusual_amounts', 'first_seen_payees']));
    const { facts } = await shownOf(batch.id);
    expect(facts.unusual_amounts).toEqual({ count: 1, shown: [{ payee_reference: 'steady', amount: 1_101, median: 110 }] });
    expect(facts.first_seen_payees).toBe(2);
    await world.sql(`UPDATE payee SET created_at = now() - interval '2 days' WHERE reference IN ('steady', 'unknown')`);
    const later = made(await create([pay('steady', 100, 'INV 9')]));
    expect(later.attention).not.toContain('first_seen_payees');
  });

  test('a total above three times the account’s median batch', async () => {
    await paid(made(await create([pay('total-0', 500)])).id);
    const [median] = await world.sql<{ total: string }>(
      `SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY t.total) AS total FROM batch_control c JOIN batch_content t USING (batch_id, content_version)
       WHERE c.state = 'completed'`,
    );
    const usual = Number(median?.total);
    expect(usual).toBeGreaterThan(0);
    const fits = made(await create([pay('total-1', usual * 3)]));
    const above = made(await create([pay('total-2', usual * 3 + 1)]));
    expect(fits.attention).not.toContain('unusual_total');
    expect(above.attention).toContain('unusual_total');
    expect((await shownOf(above.id)).facts.unusual_total).toEqual({ median: usual });
  });
});

describe('who may write facts', () => {
  test('nobody changes sealed facts, and no process writes what was seen', async () => {
    await expect(world.sql(`UPDATE batch_facts SET changed = 0`)).rejects.toThrow(/append-only/);
    const [rights] = await world.sql(
      `SELECT bool_or(has_table_privilege(r, 'payment_seen', 'INSERT')) AS seen, bool_or(has_table_privilege(r, 'batch_facts', 'UPDATE')) AS facts
       FROM unnest(ARRAY['sluice_api', 'sluice_worker', 'sluice_relay', 'sluice_sequencer']) AS r`,
    );
    expect(rights).toEqual({ seen: false, facts: false });
  });
});
