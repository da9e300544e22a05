import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { propose } from '../../contracts/exceptions.js';
import { tenantsToDrain } from '../../db/relay.js';
import { openDatabase } from '../../db/transaction/open.js';
import { toItemId } from '../../domain/ids.js';
import { tellOverdue } from '../../operations/chunk/end-doubt.js';
import { topUp } from '../../operations/ledger/top-up.js';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import { drainAll } from '../../relay/drain.js';
import { doubtOf } from '../world/doubt.js';
import { openPayingWorld, type PayingWorld } from '../world/paying.js';
import { must, uuidOf } from '../world/wire.js';

let world: PayingWorld;
let doubt: ReturnType<typeof doubtOf>;
beforeAll(async () => {
  world = await openPayingWorld();
  // Chunks of 128, so that a batch of 130 has two.
  await world.connect({ endpoint: 'single' });
  doubt = doubtOf(world);
}, 120_000);
afterAll(() => world?.close());

/** Broken invariants but for the provider's books: people say here what the provider never did. */
const brokenHere = async () => (await world.broken()).filter((line) => !line.startsWith('I1'));
const held = async (batchId: string) =>
  (await world.worker().inTenant((stores) => stores.holds.ofBatch(batchId))).reduce((sum, hold) => sum + hold.remaining, 0n);

describe('doubt ends with two people (R5)', () => {
  test('130 items of two chunks that the provider never got: the batch ends, the hold is 0 and the money is back', async () => {
    const before = await world.balance(world.home.funding);
    const { batchId, exceptionId } = await doubt.doubtful(130);
    expect(await doubt.exception(exceptionId)).toMatchObject({ itemCount: 130, openCount: 130 });
    const proposalId = await doubt.resolve({ exception_id: exceptionId, choice: 'provider_never_got' });
    expect(await doubt.proposal(proposalId)).toMatchObject({ state: 'applied', itemCount: 130, problem: null });
    expect(await world.counter(batchId)).toMatchObject({ open: 0, unknown: 0, failed: 130 });
    expect((await world.view(batchId))?.control.state).toBe('failed');
    expect(await held(batchId)).toBe(0n);
    expect(await world.balance(world.home.funding)).toBe(before);
    expect(await doubt.exception(exceptionId)).toMatchObject({ openCount: 0, openAmount: 0n, resolution: 'provider_never_got' });
    expect(await world.broken()).toEqual([]);
    expect(await world.results(batchId, 'exception.apply')).toEqual(['ok']);
  });

  test('what the provider paid, in part now and in part later, each with its reference', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(3);
    await doubt.resolve({ exception_id: exceptionId, choice: 'provider_paid', items: doubt.withReferences(batchId, [0, 2]) });
    expect(await world.counter(batchId)).toMatchObject({ open: 1, paid: 2 });
    expect(await doubt.exception(exceptionId)).toMatchObject({ itemCount: 3, openCount: 1, resolvedAt: null });
    await doubt.resolve({ exception_id: exceptionId, choice: 'provider_never_got' });
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: 2, failed: 1 });
    expect((await world.view(batchId))?.control).toMatchObject({ state: 'completed', outcome: 'partial' });
    expect(await held(batchId)).toBe(0n);
    const items = await world.worker().inTenant((stores) => stores.items.range(batchId, 0, 3));
    expect(items.map(({ state, providerReference, rank }) => [state, providerReference, rank])).toEqual([
      ['paid', 'pay_0', 0],
      ['failed', null, 0],
      ['paid', 'pay_2', 0],
    ]);
    const [blocks] = await world.sql<{ n: number }>(
      `SELECT sum(count)::int AS n FROM transition_block WHERE batch_id = $1 AND body::json ->> 1 = 'person'`,
      [batchId],
    );
    expect(blocks).toEqual({ n: 3 });
    expect(await brokenHere()).toEqual([]);
  });

  test('what the provider took in and never ended: two people say that it paid, and one item that it never will', async () => {
    const { batchId, exceptionId: unknown } = await doubt.doubtful(3);
    for (const ordinal of [0, 1, 2]) await doubt.said(batchId, ordinal, 'submitted', 1);
    expect(await doubt.exception(unknown)).toMatchObject({ resolution: 'by_evidence' });
    const worker = world.worker();
    await tellOverdue(worker, { batchId, ordinals: [0, 1, 2] });
    const [overdue] = await worker.inTenant((stores) => stores.exceptions.openOf(batchId));
    const exceptionId = overdue?.id ?? '';
    expect(await doubt.exception(exceptionId)).toMatchObject({ kind: 'settlement_overdue', openCount: 3 });
    await doubt.resolve({ exception_id: exceptionId, choice: 'provider_paid', items: doubt.withReferences(batchId, [0, 1]) });
    await doubt.resolve({ exception_id: exceptionId, choice: 'provider_never_got' });
    expect(await world.counter(batchId)).toMatchObject({ open: 0, submitted: 0, paid: 2, failed: 1 });
    expect(await doubt.exception(exceptionId)).toMatchObject({ openCount: 0 });
    expect(await held(batchId)).toBe(0n);
    expect(await brokenHere()).toEqual([]);
  });

  test('the worker finds by itself what people have confirmed, in every workspace that has some', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(1);
    const proposalId = uuidOf(
      must(await doubt.propose(await world.person('executor'), { exception_id: exceptionId, choice: 'provider_never_got' })).id,
    );
    const database = openDatabase(world.database.urls.worker, 2);
    const drain = () =>
      drainAll(
        () => tenantsToDrain(database),
        async () => doubt.aged(world.worker()),
      );
    try {
      await drain();
      expect(await doubt.proposal(proposalId)).toMatchObject({ state: 'proposed' });
      must(await doubt.confirm(await world.person('authorizer'), proposalId));
      expect(await drain()).toBeGreaterThan(0);
    } finally {
      await database.close();
    }
    expect(await doubt.proposal(proposalId)).toMatchObject({ state: 'applied' });
    expect((await world.view(batchId))?.control.state).toBe('failed');
  });

  test('10,000 items of one exception are one proposal', async () => {
    const count = 10_000;
    must(await topUp(world.as(await world.person('admin')), { account_id: world.home.funding, amount: 2_000_000 }));
    const { batchId, exceptionId } = await doubt.doubtful(count);
    const items = doubt.withReferences(
      batchId,
      Array.from({ length: count }, (_, ordinal) => ordinal),
    );
    await doubt.resolve({ exception_id: exceptionId, choice: 'provider_paid', items });
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: count });
    expect((await world.view(batchId))?.control).toMatchObject({ state: 'completed', outcome: 'full' });
    expect(await doubt.exception(exceptionId)).toMatchObject({ itemCount: count, openCount: 0 });
    expect(
      propose.safeParse({ choice: 'provider_paid', reason: 'r', items: Array.from({ length: count + 1 }, () => ({ id: toItemId(batchId, 0) })) })
        .success,
    ).toBe(false);
  });

  test('evidence that comes between the proposal and the worker wins, and nothing is settled twice', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(2);
    const proposalId = uuidOf(
      must(await doubt.propose(await world.person('executor'), { exception_id: exceptionId, choice: 'provider_never_got' })).id,
    );
    must(await doubt.confirm(await world.person('approver'), proposalId));
    await doubt.said(batchId, 0, 'submitted', 1);
    await doubt.carryOut();
    expect(await world.counter(batchId)).toMatchObject({ open: 1, submitted: 1, failed: 1 });
    expect(await doubt.exception(exceptionId)).toMatchObject({ openCount: 0 });
    await doubt.said(batchId, 0, 'paid', 2);
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: 1, failed: 1 });
    expect(await brokenHere()).toEqual([]);
  });

  test('one person is enough to go on asking, and it ends nothing', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(1);
    await world.sql(`UPDATE payout_item SET look_up_at = now() + interval '1 day' WHERE batch_id = $1`, [batchId]);
    const made = must(await doubt.propose(await world.person('executor'), { exception_id: exceptionId, choice: 'keep_asking' }));
    expect(made.state).toBe('confirmed');
    await doubt.carryOut();
    expect(await world.worker().inTenant((stores) => stores.chunks.nextLookupMs(batchId))).toBeLessThan(1_000);
    expect(await world.counter(batchId)).toMatchObject({ open: 1, unknown: 1 });
    expect(await doubt.exception(exceptionId)).toMatchObject({ openCount: 1, resolvedAt: null });
  });
});

describe('when the provider speaks later', () => {
  const kinds = async (batchId: string) =>
    (await world.worker().inTenant((stores) => stores.exceptions.openOf(batchId))).map(({ kind, itemCount }) => [kind, itemCount]);

  test.each([
    ['paid', 2, 'paid'],
    ['submitted', 1, 'failed'],
    ['returned', 3, 'returned'],
  ] as const)('that it has what people gave up (%s): the books follow, and people hear of it loudly', async (outcome, rank, state) => {
    const { batchId, exceptionId } = await doubt.doubtful(2);
    await doubt.resolve({ exception_id: exceptionId, choice: 'provider_never_got' });
    await doubt.said(batchId, 1, outcome, rank);
    const [, item] = await world.worker().inTenant((stores) => stores.items.range(batchId, 0, 2));
    expect(item?.state).toBe(state);
    expect(await kinds(batchId)).toEqual([['resolution_contradicted', 1]]);
    const [alert] = await world.sql<{ severity: string }>(
      `SELECT detail ->> 'severity' AS severity FROM audit_event WHERE subject_id = $1 AND action = 'exception.raise' AND detail ->> 'kind' = 'resolution_contradicted'`,
      [batchId],
    );
    expect(alert).toEqual({ severity: 'high' });
    expect(await brokenHere()).toEqual([]);
  });

  test.each([
    ['failed', 'pay_0', 'resolution_contradicted'],
    ['paid', 'pay_other', 'resolution_contradicted'],
    ['paid', 'pay_0', null],
  ] as const)('%s with reference %s, of what people called paid: %s', async (outcome, reference, kind) => {
    const { batchId, exceptionId } = await doubt.doubtful(1);
    await doubt.resolve({ exception_id: exceptionId, choice: 'provider_paid', items: doubt.withReferences(batchId, [0]) });
    await doubt.said(batchId, 0, outcome, 2, reference);
    expect(await kinds(batchId)).toEqual(kind ? [[kind, 1]] : []);
    expect(await brokenHere()).toEqual([]);
  });

  test('a second payment under one key: the batch is not reconciled until two people have made it good', async () => {
    const { batchId } = await doubt.doubtful(1);
    await doubt.said(batchId, 0, 'paid', 2, 'pay_first');
    const admin = world.as(await world.person('admin'));
    const reconciled = async () => must(await showPayoutBatch(admin, { batch_id: batchId })).reconciled;
    expect(await reconciled()).toBe(true);
    await doubt.said(batchId, 0, 'paid', 2, 'pay_second');
    expect(await kinds(batchId)).toEqual([['paid_twice_at_provider', 1]]);
    expect(await reconciled()).toBe(false);
    const [open] = await world.worker().inTenant((stores) => stores.exceptions.openOf(batchId));
    await doubt.resolve({ exception_id: open?.id ?? '', choice: 'made_good' });
    expect([await kinds(batchId), await reconciled()]).toEqual([[], true]);
  });

  test('before people have decided: the doubt is over, and so is its exception', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(2);
    await doubt.said(batchId, 0, 'paid', 2);
    expect(await doubt.exception(exceptionId)).toMatchObject({ openCount: 1, resolvedAt: null });
    await doubt.said(batchId, 1, 'failed', 2);
    expect(await doubt.exception(exceptionId)).toMatchObject({ openCount: 0, resolution: 'by_evidence' });
    expect(await kinds(batchId)).toEqual([]);
  });
});
