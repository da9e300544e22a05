import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { batch as batchContract, item as itemContract, listBatches } from '../../contracts/batches.js';
import { raiseException } from '../../operations/exception/raise.js';
import { cancelPayoutBatch } from '../../operations/payout-batch/cancel.js';
import { editPayoutBatch } from '../../operations/payout-batch/edit.js';
import { listPayoutBatches } from '../../operations/payout-batch/list.js';
import { listPayoutItems } from '../../operations/payout-batch/list-items.js';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import { allItems, create, type IntakeWorld, openIntakeWorld } from '../world/intake.js';
import { iban } from '../world/payees.js';
import { made, must, refusalOf, uuidOf } from '../world/wire.js';

let world: IntakeWorld;
const ids: string[] = [];
const items = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    payee: { reference: `p-${i}`, name: `Payee ${i}`, country: 'DE', iban: iban(i) },
    amount: 10 + i,
    reference: `INV ${i}`,
  }));
const ctx = () => world.as(world.preparer);

beforeAll(async () => {
  world = await openIntakeWorld();
  for (let i = 0; i < 7; i++) ids.push(made(await create(ctx(), { items: items(5), external_id: `batch-${i}`, draft: i % 2 === 1 })).id);
}, 120_000);
afterAll(() => world?.close());

const list = async (query: object = {}) => must(await listPayoutBatches(ctx(), listBatches.parse(query)));

describe('batches', () => {
  test('are listed newest first, in pages that join without gap or repeat', async () => {
    const seen: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await list({ limit: 3, ...(after ? { starting_after: after } : {}) });
      seen.push(...page.data.map(({ id }) => id));
      expect(page.has_more).toBe(page.next_cursor !== null);
      if (!page.next_cursor) break;
      after = page.next_cursor;
    }
    expect(seen).toEqual([...ids].reverse());
  });

  test('are filtered by state and by external_id', async () => {
    expect((await list({ state: 'draft' })).data.map(({ id }) => id)).toEqual([ids[5], ids[3], ids[1]]);
    expect((await list({ external_id: 'batch-4' })).data.map(({ id }) => id)).toEqual([ids[4]]);
    expect((await list({ external_id: 'batch-4', state: 'draft' })).data).toEqual([]);
  });

  test('are the same in the list as on their own page, in the form of the contract', async () => {
    for (const batch of (await list()).data) {
      expect(batchContract.parse(batch)).toEqual(batch);
      expect(must(await showPayoutBatch(ctx(), { batch_id: uuidOf(batch.id) }))).toEqual(batch);
    }
  });

  test('a cursor that is no batch id is refused', async () => {
    const result = await listPayoutBatches(ctx(), listBatches.parse({ starting_after: `payee_${'1'.repeat(32)}` }));
    expect(refusalOf(result)).toEqual({ code: 'invalid_request', errors: ['starting_after id_form'] });
  });

  test('of another workspace are not listed, whatever the cursor or filter [S3-01] [S3-03]', async () => {
    const there = await world.workspace();
    const stranger = world.as(await world.person('preparer', [there.tenantId]), there);
    for (const query of [{}, { external_id: 'batch-4' }, { state: 'draft' }, { starting_after: ids[6] }])
      expect(must(await listPayoutBatches(stranger, listBatches.parse(query))).data).toEqual([]);
    const foreign = await listPayoutItems(stranger, { batch_id: uuidOf(ids[0] as string), limit: 50 });
    expect(foreign).toEqual(await listPayoutItems(stranger, { batch_id: world.home.tenantId, limit: 50 }));
    expect(refusalOf(foreign).code).toBe('not_found');
  });

  test('what a person has to look at is derived from the rows', async () => {
    const id = uuidOf(ids[0] as string);
    await world.sql('UPDATE batch_counter SET unknown = 1, was_unknown = 1 WHERE batch_id = $1', [id]);
    await world.sql('UPDATE batch_control SET integrity_failed_at = now(), row_version = row_version + 1 WHERE batch_id = $1', [id]);
    await ctx().inTenant((stores) => raiseException(ctx(), stores, { kind: 'paid_twice_at_provider', batchId: id, ordinals: [0] }));
    expect(must(await showPayoutBatch(ctx(), { batch_id: id })).attention).toEqual([
      'unknown_items',
      'integrity_failed',
      'exceptions',
      'first_seen_payees',
    ]);
    expect(must(await showPayoutBatch(ctx(), { batch_id: uuidOf(ids[2] as string) })).attention).toEqual(['same_payments', 'first_seen_payees']);
  });

  test('gates are shown while they count', async () => {
    const id = uuidOf(ids[2] as string);
    const [approver, authorizer] = await world.openUpTo('authorize', id);
    const shown = must(await showPayoutBatch(ctx(), { batch_id: id }));
    expect(shown.gates.map(({ gate, person_id }) => [gate, uuidOf(person_id)])).toEqual([
      ['approve', approver?.id],
      ['authorize', authorizer?.id],
    ]);
    must(await cancelPayoutBatch(ctx(), { batch_id: id }));
  });
});

describe('items', () => {
  const page = async (id: string, more: object = {}) => must(await listPayoutItems(ctx(), { batch_id: uuidOf(id), limit: 2, ...more }));

  test('are listed by ordinal, in pages, in the form of the contract, with names opened and destinations masked', async () => {
    const [id] = ids as [string];
    const seen = await allItems(ctx(), uuidOf(id));
    expect(seen.map(({ ordinal, payee_name, amount }) => [ordinal, payee_name, amount])).toEqual(
      items(5).map(({ payee, amount }, ordinal) => [ordinal, payee.name, amount]),
    );
    for (const item of seen) {
      expect(itemContract.parse(item)).toEqual(item);
      expect(item.destination.masked).toBe(`IBAN DE …${iban(item.ordinal).slice(-4)}`);
    }
  });

  test('are filtered by state', async () => {
    const id = ids[4] as string;
    must(await editPayoutBatch(ctx(), { batch_id: uuidOf(id), exclude: [{ batchId: uuidOf(id), ordinal: 1 }] }));
    expect((await page(id, { state: 'excluded' })).data.map(({ ordinal }) => ordinal)).toEqual([1]);
    const pending = await page(id, { state: 'pending' });
    expect(pending.data.map(({ ordinal }) => ordinal)).toEqual([0, 2]);
    expect((await page(id, { state: 'pending', starting_after: pending.next_cursor })).data.map(({ ordinal }) => ordinal)).toEqual([3, 4]);
  });

  test('a cursor of another batch is refused, not followed', async () => {
    const other = (await page(ids[1] as string)).next_cursor;
    const result = await listPayoutItems(ctx(), { batch_id: uuidOf(ids[0] as string), limit: 2, starting_after: other ?? '' });
    expect(refusalOf(result)).toEqual({ code: 'invalid_request', errors: ['starting_after id_form'] });
  });

  test('the name of a deleted payee is gone, and the rest of the item stays', async () => {
    const [first] = (await page(ids[0] as string)).data;
    await world.sql('UPDATE subject_key SET wrapped = NULL, deleted_at = now() WHERE subject_id = $1', [uuidOf(first?.payee_id ?? '')]);
    const [after, next] = (await page(ids[0] as string)).data;
    expect(after).toEqual({ ...first, payee_name: null });
    expect(next?.payee_name).toBe('Payee 1');
  });
});
