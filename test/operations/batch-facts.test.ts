import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createBatch, createBatchCsv } from '../../contracts/batches.js';
import { canonicalBytes, toHex } from '../../domain/hashing.js';
import { payChunk } from '../../operations/chunk/pay.js';
import type { Context } from '../../operations/context.js';
import { askChallenge } from '../../operations/gate/ask.js';
import { receiveCsv } from '../../operations/intake/receive-csv.js';
import { addDestination } from '../../operations/payee/add-destination.js';
import { createPayoutBatch } from '../../operations/payout-batch/create.js';
import { editPayoutBatch } from '../../operations/payout-batch/edit.js';
import { rejectPayoutBatch } from '../../operations/payout-batch/reject.js';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import { until } from '../harness/until.js';
import { spooled } from '../world/intake.js';
import { openPayingWorld, type PayingWorld } from '../world/paying.js';
import { codeOf, made, must, uuidOf } from '../world/wire.js';

let world: PayingWorld;
beforeAll(async () => {
  world = await openPayingWorld();
}, 120_000);
afterAll(() => world.close());

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
          changed_by: `person_${changer.id.replaceAll('-', '')}`,
          changed_at: expect.stringMatching(/Z$/),
        },
      ],
    });
    await paid(batch.id);
    expect((await show(batch.id)).attention).toEqual([]);
    const next = made(await create([{ payee: { reference: 'moved' }, amount: 700, reference: 'INV 3' }]));
    expect((await shownOf(next.id)).facts.changed_destinations).toEqual({ count: 0, shown: [] });
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
    expect(await create(more)).toMatchObject({
      refusal: { code: 'repeated_payments', extra: { batch_id: first.id, count: 2 }, detail: expect.stringContaining('allow_duplicates') },
    });
    expect(codeOf(await validate(more))).toBe('repeated_payments');
    const [known] = await world.sql<{ id: string }>(`SELECT id FROM payee WHERE reference = 'again-1'`);
    const byId = { payee_id: `payee_${known?.id.replaceAll('-', '')}`, amount: 500 };
    expect(codeOf(await validate([{ ...byId, reference: 'INV 1' }]))).toBe('repeated_payments');
    expect(codeOf(await validate([{ ...byId, reference: 'INV 2' }]))).toBe('ok');
    await paid(first.id);
    expect(codeOf(await create(items))).toBe('repeated_payments');
    const again = made(await create(more, { allow_duplicates: true }));
    expect(again.attention).toContain('same_payments');
    expect((await shownOf(again.id)).facts.same_payments).toEqual({ count: 2, batch_id: first.id });
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
    expect(refused).toMatchObject({ refusal: { code: 'repeated_payments', extra: { batch_id: first.id, count: 1 } } });
    expect(await world.sql(`SELECT 1 FROM batch_control WHERE state = 'receiving'`)).toEqual([]);
    const taken = made(await upload(file(row('csv-2'), row('csv-3')), { external_id: 'other-file', allow_duplicates: 'true' }));
    expect(taken.attention).toContain('same_payments');
  });

  test('of two equal batches that are made at once only the first is taken: the second waits for it', async () => {
    // The payee is known already, or making it would let one wait for the other.
    made(await create([pay('race', 500, 'INV 0')]));
    const first = world.as(world.preparer);
    let sealed = (): void => {};
    const isSealed = new Promise<void>((resolve) => {
      sealed = resolve;
    });
    let commit = (): void => {};
    const committed = new Promise<void>((resolve) => {
      commit = resolve;
    });
    const held: Context = {
      ...first,
      inTenant: (work, options) =>
        first.inTenant(async (stores) => {
          const result = await work(stores);
          sealed();
          await committed;
          return result;
        }, options),
    };
    const one = createPayoutBatch(held, { ...createBatch.parse({ ...terms, items: [pay('race', 500)] }), validate_only: false });
    await isSealed;
    let over = false;
    const other = create([pay('race', 500)])
      .then(codeOf, () => 'undone')
      .finally(() => {
        over = true;
      });
    const waits = `SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE NOT l.granted AND d.datname = current_database()`;
    await until('the second to wait or to end', async () => over || (await world.sql(waits)).length > 0 || undefined);
    commit();
    expect([codeOf(await one), await other]).toEqual(['ok', 'undone']);
    expect(await world.sql(`SELECT 1 FROM payout_item i JOIN payee p ON p.id = i.payee_id WHERE p.reference = 'race'`)).toHaveLength(2);
  });
});

describe('the same payments in another file', () => {
  test('are refused, also as validation, and pass when that is said', async () => {
    const first = made(await upload(file(row('other-1'), row('other-2'))));
    const mixed = file(row('other-3'), row('other-2'), row('other-1'));
    for (const more of [{}, { validate_only: 'true' }])
      expect(await upload(mixed, more)).toMatchObject({ refusal: { code: 'repeated_payments', extra: { batch_id: first.id, count: 2 } } });
    expect(must(await upload(mixed, { validate_only: 'true', allow_duplicates: 'true' }))).toMatchObject({ valid: true, item_count: 3 });
    expect(must(await upload(file(row('other-3')), { validate_only: 'true' }))).toMatchObject({ valid: true });
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
