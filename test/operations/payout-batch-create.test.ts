import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import { submitPayoutBatch } from '../../operations/payout-batch/submit.js';
import { allItems, create, type IntakeWorld, openIntakeWorld, rowCounts } from '../world/intake.js';
import { iban } from '../world/payees.js';
import { recompute } from '../world/recomputed-digest.js';
import { made, must, refusalOf, uuidOf } from '../world/wire.js';

let world: IntakeWorld;
beforeAll(async () => {
  world = await openIntakeWorld();
}, 120_000);
afterAll(() => world?.close());

const ana = { reference: 'ana', name: 'Ana Lopes', country: 'DE', iban: iban(1) };
const pay = (payee: object, amount = 1250, reference = 'INV 1', more: object = {}) => ({ payee, amount, reference, ...more });
const crowd = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, i) => pay({ ...ana, reference: `${prefix}-${i}`, iban: iban(1_000 + i) }, 100 + i, `INV ${i}`));

describe('creating a batch from JSON', () => {
  test('every item stands in the batch as it was sent, and the digest is that of what the API shows [S1-22]', async () => {
    const ctx = world.as(world.preparer);
    const items = [...crowd(9, 'shown'), pay(ana, 77, 'INV 77', { remittance: 'Grüße, März' })];
    const executeBy = new Date(Date.now() + 86_400_000).toISOString().replace('Z', '+00:00');
    const batch = made(await create(ctx, { items, external_id: 'shown', description: 'March', execute_by: executeBy }));
    expect(batch).toMatchObject({ state: 'queued', item_count: 10, total: 936 + 77, currency: 'EUR', external_id: 'shown', counts: { open: 10 } });
    expect(batch.source).toEqual({ type: 'json', sha256: null });
    // The deadline of a gate is never after the deadline of the batch.
    expect(batch.deadline_at).toBe(batch.execute_by);

    const shown = await allItems(ctx, uuidOf(batch.id));
    expect(shown.map(({ ordinal, amount, reference, payee_reference }) => [ordinal, amount, reference, payee_reference])).toEqual(
      items.map((item, i) => [i, item.amount, item.reference, (item.payee as { reference: string }).reference]),
    );
    expect(shown[9]).toMatchObject({
      payee_name: 'Ana Lopes',
      remittance: 'Grüße, März',
      state: 'pending',
      destination: { kind: 'iban', version: 1 },
    });
    expect(JSON.stringify(shown)).not.toContain(iban(1));
    expect(await recompute(world, ctx, batch)).toBe(batch.digest);
  });

  test('a creation is audited with counts and digest, wakes the workflow, and makes its person a preparer [S3-20]', async () => {
    const ctx = world.as(world.preparer);
    const batch = made(await create(ctx, { items: [pay({ ...ana, name: 'Zacharias Ungewöhnlich' })], draft: true }));
    expect(batch.state).toBe('draft');
    const [event] = await world.sql(`SELECT actor, request_id, result, detail FROM audit_event WHERE subject_id = $1`, [uuidOf(batch.id)]);
    expect(event).toMatchObject({ result: 'ok', request_id: ctx.requestId, actor: { personId: world.preparer.id } });
    expect(event?.['detail']).toMatchObject({ count: 1, total: '1250', digest: batch.digest, state: 'draft' });
    expect(JSON.stringify(event)).not.toMatch(/Ungewöhnlich|ana/);
    expect(await world.sql(`SELECT message FROM outbox WHERE batch_id = $1`, [uuidOf(batch.id)])).toEqual([{ message: 'batch_changed' }]);
    expect(await world.sql(`SELECT person_id, deed FROM batch_preparer WHERE batch_id = $1`, [uuidOf(batch.id)])).toEqual([
      { person_id: world.preparer.id, deed: 'create' },
    ]);
  });

  test('of 64 creations with one external_id exactly one makes a batch, and the others leave nothing but their audit event', async () => {
    const before = await rowCounts(world);
    const ctx = world.as(world.preparer);
    const results = await Promise.all(Array.from({ length: 64 }, (_, i) => create(ctx, { items: crowd(3, `race-${i}`), external_id: 'race' })));
    expect(results.filter((result) => result.ok)).toHaveLength(1);
    expect(new Set(results.filter((result) => !result.ok).map((result) => refusalOf(result).code))).toEqual(new Set(['external_id_taken']));
    const after = await rowCounts(world);
    expect(Object.fromEntries(Object.entries(after).map(([table, count]) => [table, count - (before[table] ?? 0)]))).toEqual({
      payout_batch: 1,
      batch_control: 1,
      batch_content: 1,
      batch_chunk: 1,
      payout_item: 3,
      batch_preparer: 1,
      payee: 3,
      payee_destination: 3,
      outbox: 1,
    });
    const attempts = await world.results(world.home.tenantId, 'batch.create');
    expect(attempts.filter((result) => result === 'external_id_taken')).toHaveLength(63);
  }, 60_000);

  test('a known payee is paid by reference or id alone, and another destination becomes another version', async () => {
    const ctx = world.as(world.preparer);
    const one = { ...ana, reference: 'known', iban: iban(20) };
    const first = made(await create(ctx, { items: [pay(one)] }));
    const [item] = await allItems(ctx, uuidOf(first.id));
    const items = [pay({ reference: 'known' }, 1, 'a'), { payee_id: item?.payee_id, amount: 2, reference: 'b' }];
    const second = made(await create(ctx, { items }));
    const third = made(await create(ctx, { items: [pay({ ...one, iban: iban(21) }, 3, 'c')] }));
    const shown = [...(await allItems(ctx, uuidOf(second.id))), ...(await allItems(ctx, uuidOf(third.id)))];
    expect(shown.map(({ payee_id, destination }) => [payee_id, destination.version])).toEqual([
      [item?.payee_id, 1],
      [item?.payee_id, 1],
      [item?.payee_id, 2],
    ]);
    expect(await recompute(world, ctx, third)).toBe(third.digest);
  });

  test('validate_only gives the same answer and writes nothing, whether the batch is good or not', async () => {
    const ctx = world.as(world.preparer);
    const before = await rowCounts(world);
    const events = await world.sql('SELECT count(*) FROM audit_event');
    expect(must(await create(ctx, { items: crowd(3, 'dry') }, 'validate only'))).toEqual({
      object: 'validation',
      valid: true,
      item_count: 3,
      total: 303,
      currency: 'EUR',
    });
    expect(refusalOf(await create(ctx, { items: [pay({ ...ana, iban: 'DE00' })] }, 'validate only')).code).toBe('invalid_request');
    expect(refusalOf(await create(ctx, { items: [pay(ana), pay(ana)], allow_duplicates: false }, 'validate only')).code).toBe('duplicate_items');
    expect(refusalOf(await create(ctx, { items: [pay(ana)], external_id: 'shown' }, 'validate only')).code).toBe('external_id_taken');
    expect(await rowCounts(world)).toEqual(before);
    expect(await world.sql('SELECT count(*) FROM audit_event')).toEqual(events);
  });

  test('ten thousand items are one transaction', async () => {
    const ctx = world.as(world.preparer);
    const batch = made(await create(ctx, { items: crowd(10_000, 'many') }));
    expect(batch).toMatchObject({ item_count: 10_000, counts: { open: 10_000 } });
    const [row] = await world.sql(`SELECT count(*)::int AS chunks FROM batch_chunk WHERE batch_id = $1`, [uuidOf(batch.id)]);
    expect(row).toEqual({ chunks: 2_500 });
  }, 120_000);
});

describe('a wrong batch is refused', () => {
  const refused = async (body: Record<string, unknown>) => {
    const ctx = world.as(world.preparer);
    const before = await rowCounts(world);
    const result = await create(ctx, body);
    expect(await rowCounts(world)).toEqual(before);
    return refusalOf(result);
  };
  const header = async (more: object) => (await refused({ items: [pay(ana)], ...more })).errors;
  const item = async (one: object) => (await refused({ items: [pay(ana, 1, 'good'), one] })).errors;
  const other = '0198c2aa7c1e7b3d9f10a4c2e6b80d11';

  test('for its header', async () => {
    expect(await header({ currency: 'USD' })).toContain('currency currency_not_on_rail');
    expect(await header({ currency: 'JPY' })).toEqual(['funding_account no_such_account']);
    expect(await header({ rail: 'pigeon' })).toEqual(['rail no_such_rail']);
    expect(await header({ connection: `conn_${other}` })).toEqual(['connection no_such_connection']);
    expect(await header({ funding_account: `acct_${other}` })).toEqual(['funding_account no_such_account']);
    expect(await header({ execute_by: '2020-01-01T00:00:00Z' })).toEqual(['execute_by in_the_past']);
    expect(await header({ execute_by: '2099-01-01T00:00:00Z', execute_not_before: '2099-01-02T00:00:00Z' })).toEqual([
      'execute_not_before after_execute_by',
    ]);
  });

  test('for an account that is no funding account, or holds another currency', async () => {
    const held = `acct_${world.home.held.replaceAll('-', '')}`;
    expect(await header({ funding_account: held })).toEqual(['funding_account no_such_account']);
    const funding = `acct_${world.home.funding.replaceAll('-', '')}`;
    expect(await header({ currency: 'JPY', funding_account: funding })).toEqual(['funding_account account_of_other_currency']);
  });

  test('for its items', async () => {
    expect(await item(pay(ana, 1, 'a/b'))).toEqual(['items.1.reference reference_characters']);
    expect(await item(pay(ana, 1, 'x'.repeat(21)))).toEqual(['items.1.reference reference_too_long']);
    expect(await item(pay(ana, 1, 'x', { currency: 'JPY' }))).toEqual(['items.1.currency other_currency']);
    expect(await item({ amount: 1, reference: 'x' })).toEqual(['items.1.payee one_payee']);
    expect(await item({ payee_id: `payee_${other}`, amount: 1, reference: 'x' })).toEqual(['items.1.payee_id not_found']);
    expect(await item(pay({ ...ana, reference: 'n1', iban: 'DE89370400440532013001' }))).toEqual(['items.1.payee.iban iban_checksum']);
    expect(await item(pay({ ...ana, reference: 'n2', bic: 'X' }))).toEqual(['items.1.payee.bic bic_format']);
    expect(await item(pay({ ...ana, reference: 'n3', account_token: 'tok_1' }))).toEqual(['items.1.payee.account_token one_destination']);
    const us = { reference: 'n4', name: 'N', country: 'US', account_number: '12345678' };
    expect(await item(pay({ ...us, routing_number: '123456789' }))).toEqual(['items.1.payee.routing_number aba_checksum']);
    expect(await item(pay({ ...us, routing_number: '021000021' }))).toEqual(['items.1.payee.account_number destination_not_on_rail']);
    expect(await item(pay({ reference: 'n5', iban: iban(5) }))).toEqual(['items.1.payee.name required', 'items.1.payee.country required']);
  });

  test('for a sum that no JSON number could state', async () => {
    const items = [pay(ana, Number.MAX_SAFE_INTEGER, 'a'), pay(ana, 1, 'b')];
    expect((await refused({ items })).errors).toEqual(['items total_too_large']);
  });

  test('with at most a hundred errors, in the order of the items, and none repeats what was sent', async () => {
    const items = Array.from({ length: 150 }, (_, i) => pay({ ...ana, reference: `bad-${i}`, iban: 'DE00SECRET' }, 1, 'x'));
    const ctx = world.as(world.preparer);
    const result = await create(ctx, { items });
    const { code, errors } = refusalOf(result);
    expect(code).toBe('invalid_request');
    expect(errors).toEqual(Array.from({ length: 100 }, (_, i) => `items.${i}.payee.iban iban_checksum`));
    expect(JSON.stringify(result)).not.toContain('SECRET');
  });

  test('for repeats of payee, amount and reference, however the payee is named, unless they are declared', async () => {
    const ctx = world.as(world.preparer);
    const first = made(await create(ctx, { items: [pay({ ...ana, reference: 'twice' })] }));
    const [known] = await allItems(ctx, uuidOf(first.id));
    const items = [
      pay({ reference: 'twice' }, 5, 'x'),
      pay({ reference: 'twice' }, 6, 'x'),
      { payee_id: known?.payee_id, amount: 5, reference: 'x' },
    ];
    expect(await refused({ items, allow_duplicates: false })).toEqual({ code: 'duplicate_items', errors: ['items.2 duplicate'] });
    const more = [...items, pay({ reference: 'twice' }, 7, 'a/b')];
    expect(await refused({ items: more, allow_duplicates: false })).toEqual({
      code: 'invalid_request',
      errors: ['items.2 duplicate', 'items.3.reference reference_characters'],
    });
    expect(made(await create(ctx, { items, allow_duplicates: true })).item_count).toBe(3);
  });

  test('a refused creation is audited under the workspace, without what was sent [S3-20]', async () => {
    const before = (await world.results(world.home.tenantId, 'batch.create')).length;
    await create(world.as(world.preparer), { items: [pay({ ...ana, name: 'Heimlich', iban: 'DE00' })] });
    const results = await world.results(world.home.tenantId, 'batch.create');
    expect(results.slice(before)).toEqual(['invalid_request']);
    const events = await world.sql(`SELECT detail FROM audit_event WHERE action = 'batch.create' AND result <> 'ok'`);
    expect(JSON.stringify(events)).not.toContain('Heimlich');
  });
});

describe('two workspaces', () => {
  test('neither sees, names or blocks anything of the other [S1-02] [S1-08] [S3-03]', async () => {
    const there = await world.workspace({ mode: 'live', funds: 10_000n });
    const stranger = await world.person('preparer', [there.tenantId]);
    const home = world.as(world.preparer);
    const away = world.as(stranger, there);
    const mine = made(await create(home, { items: [pay(ana, 1, 'mine')], external_id: 'same' }));
    const [item] = await allItems(home, uuidOf(mine.id));

    const absent = await showPayoutBatch(away, { batch_id: world.home.tenantId });
    expect(await showPayoutBatch(away, { batch_id: uuidOf(mine.id) })).toEqual(absent);
    expect(refusalOf(await create(away, { items: [{ payee_id: item?.payee_id, amount: 1, reference: 'x' }] })).errors).toEqual([
      'items.0.payee_id not_found',
    ]);
    const account = `acct_${world.home.funding.replaceAll('-', '')}`;
    expect(refusalOf(await create(away, { items: [pay(ana)], funding_account: account })).errors).toEqual(['funding_account no_such_account']);
    const connection = `conn_${world.home.connectionId.replaceAll('-', '')}`;
    expect(refusalOf(await create(away, { items: [pay(ana)], connection })).errors).toEqual(['connection no_such_connection']);

    const theirs = made(await create(away, { items: [pay(ana, 1, 'mine')], external_id: 'same' }));
    const [twin] = await allItems(away, uuidOf(theirs.id));
    expect(twin?.payee_id).not.toBe(item?.payee_id);
    expect(theirs.workspace_id).not.toBe(mine.workspace_id);
    expect(await recompute(world, away, theirs)).toBe(theirs.digest);
  });
});

describe('submitting a draft', () => {
  test('draft → queued once; the person who submits is a preparer from then on', async () => {
    const draft = made(await create(world.as(world.preparer), { items: [pay(ana)], draft: true }));
    const id = uuidOf(draft.id);
    const second = await world.person('preparer');
    expect(must(await submitPayoutBatch(world.as(second), { batch_id: id }))).toMatchObject({ state: 'queued', digest: draft.digest });
    const again = await submitPayoutBatch(world.as(second), { batch_id: id });
    expect(refusalOf(again).code).toBe('wrong_state');
    expect(again.ok ? null : again.refusal.extra).toEqual({ state: 'queued' });
    expect(await world.results(id, 'batch.submit')).toEqual(['ok', 'wrong_state']);
    const preparers = await world.as(second).inTenant((stores) => stores.batches.preparers(id));
    expect(new Set(preparers)).toEqual(new Set([world.preparer.id, second.id]));
  });

  test('a draft that does not exist is not found', async () => {
    expect(refusalOf(await submitPayoutBatch(world.as(world.preparer), { batch_id: world.home.tenantId })).code).toBe('not_found');
  });
});
