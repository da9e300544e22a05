import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toItemId } from '../../domain/ids.js';
import type { PaymentOutcome } from '../../domain/item/evidence.js';
import { finishPayoutBatch } from '../../operations/batch-state/finish.js';
import { intendChunk } from '../../operations/chunk/intend.js';
import { payChunk } from '../../operations/chunk/pay.js';
import type { Context } from '../../operations/context.js';
import { reduceParked, settleEvidence } from '../../operations/settlement/settle.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';

let world: PayingWorld;
beforeAll(async () => {
  world = await openPayingWorld();
}, 120_000);
afterAll(() => world.close());

const said = (
  batchId: string,
  ordinal: number,
  outcome: PaymentOutcome['outcome'],
  rank: number,
  more: Partial<PaymentOutcome> = {},
): PaymentOutcome => ({
  key: toItemId(batchId, ordinal),
  outcome,
  rank,
  providerReference: `pay_${ordinal}`,
  reason: null,
  amount: null,
  currency: null,
  ...more,
});

const apply = (batchId: string, outcomes: readonly PaymentOutcome[], connectionId = world.home.connectionId) =>
  settleEvidence(world.worker(), { batchId, connectionId, source: 'webhook', outcomes });

/** A batch whose items were all sent, and of which no evidence has come. */
const sent = async (count: number): Promise<string> => {
  const batchId = await world.executing(tokens(count));
  expect(await intendChunk(world.worker(), { batchId, chunk: 0 })).toMatchObject({ kind: 'send' });
  return batchId;
};

const stateOf = async (batchId: string, ordinal: number) =>
  (await world.worker().inTenant((stores) => stores.items.range(batchId, ordinal, ordinal + 1)))[0]?.state;
const exceptions = (batchId: string) => world.worker().inTenant(async (stores) => (await stores.exceptions.openOf(batchId)).map((one) => one.kind));
/** How much evidence of an item is kept because it fits nothing yet. */
const parkedFor = async (batchId: string, ordinal: number): Promise<number> =>
  (await world.sql(`SELECT FROM parked_evidence WHERE payment_key = $1 AND resolved_at IS NULL`, [toItemId(batchId, ordinal)])).length;
const completions = async (batchId: string) => (await world.results(batchId, 'batch.complete')).length;
/** Broken invariants except for the provider's books: these tests invent evidence that the provider never gave. */
const brokenHere = async () => (await world.broken()).filter((line) => !line.startsWith('I1'));

describe('many reducers at once (R8)', () => {
  test('16 that settle one batch, each item by several of them, complete it exactly once', async () => {
    const count = 64;
    const batchId = await sent(count);
    const all = Array.from({ length: count }, (_, ordinal) => said(batchId, ordinal, 'paid', 1));
    const turns = Array.from({ length: 16 }, (_, turn) => [...all.slice(turn * 4), ...all.slice(0, turn * 4)].slice(0, 24));
    // They wait for each other at the chunk, so no transaction finds that another moved its items, and runs again.
    let [asked, begun] = [0, 0];
    const ctx = world.worker();
    const counted: Context = {
      ...ctx,
      inTenant: (work, options) => {
        asked++;
        return ctx.inTenant((stores) => {
          begun++;
          return work(stores);
        }, options);
      },
    };
    const { connectionId } = world.home;
    const applied = await Promise.all(turns.map((outcomes) => settleEvidence(counted, { batchId, connectionId, source: 'webhook', outcomes })));
    expect(begun).toBe(asked);
    expect(applied.reduce((sum, one) => sum + one.moved, 0)).toBe(count);
    expect(applied.filter((one) => one.finished)).toHaveLength(1);
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: count });
    expect((await world.view(batchId))?.control.state).toBe('completed');
    expect(await completions(batchId)).toBe(1);
    expect(await brokenHere()).toEqual([]);
  });

  test('16 reducers of four batches on the same accounts end without a deadlock', async () => {
    // One after the other, because a pass of the sequencer that meets another one leaves the log to it.
    const batches: string[] = [];
    for (let n = 0; n < 4; n++) batches.push(await sent(8));
    await Promise.all(
      batches.flatMap((batchId) =>
        [0, 2, 4, 6].map((from) => apply(batchId, [said(batchId, from, 'paid', 1), said(batchId, from + 1, 'failed', 1)])),
      ),
    );
    for (const batchId of batches) expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: 4, failed: 4 });
    expect(await brokenHere()).toEqual([]);
  });
});

describe('evidence out of its order (R6)', () => {
  test('a webhook before our own commit: the answer then changes nothing', async () => {
    const batchId = await sent(2);
    await apply(batchId, [said(batchId, 0, 'paid', 2), said(batchId, 1, 'paid', 2)]);
    expect(await apply(batchId, [said(batchId, 0, 'submitted', 1), said(batchId, 1, 'submitted', 1)])).toMatchObject({ moved: 0 });
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: 2, submitted: 0 });
    expect(await brokenHere()).toEqual([]);
  });

  test('a return before its payment, then the payment: returned, and the money in returns', async () => {
    const batchId = await sent(2);
    await apply(batchId, [said(batchId, 0, 'returned', 3)]);
    await apply(batchId, [said(batchId, 0, 'paid', 2), said(batchId, 1, 'paid', 2)]);
    expect([await stateOf(batchId, 0), await stateOf(batchId, 1)]).toEqual(['returned', 'paid']);
    expect((await world.view(batchId))?.control).toMatchObject({ state: 'completed', outcome: 'full' });
    expect(await brokenHere()).toEqual([]);
  });

  test('a return after completion moves counters and money, never the state of the batch', async () => {
    const batchId = await sent(2);
    await apply(batchId, [said(batchId, 0, 'paid', 2), said(batchId, 1, 'paid', 2)]);
    await apply(batchId, [said(batchId, 1, 'returned', 3)]);
    expect(await finishPayoutBatch(world.worker(), batchId)).toBe(false);
    expect((await world.view(batchId))?.control.state).toBe('completed');
    expect(await world.counter(batchId)).toMatchObject({ paid: 1, returned: 1 });
    expect(await completions(batchId)).toBe(1);
    expect(await brokenHere()).toEqual([]);
  });

  test('the same evidence any number of times is one transition and one posting', async () => {
    const batchId = await sent(1);
    for (let i = 0; i < 3; i++) await apply(batchId, [said(batchId, 0, 'paid', 2), said(batchId, 0, 'paid', 2)]);
    const [row] = await world.sql<{ n: string }>('SELECT count(*) AS n FROM transfer WHERE batch_id = $1 AND ordinal = 0', [batchId]);
    expect(row?.n).toBe('1');
  });

  test('the same word with a higher rank moves nothing but the rank, and an older word stays older', async () => {
    const batchId = await sent(3);
    for (const [ordinal, outcome] of [
      [0, 'paid'],
      [1, 'failed'],
      [2, 'returned'],
    ] as const) {
      await apply(batchId, [said(batchId, ordinal, outcome, 1)]);
      await apply(batchId, [said(batchId, ordinal, outcome, 5)]);
    }
    await apply(batchId, [said(batchId, 0, 'failed', 3), said(batchId, 1, 'paid', 3), said(batchId, 2, 'paid', 3)]);
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: 1, failed: 1, returned: 1 });
    expect(await brokenHere()).toEqual([]);
  });

  test('a failure that turns out paid is covered from suspense when the money has gone, and an exception reports it', async () => {
    const batchId = await sent(1);
    await apply(batchId, [said(batchId, 0, 'failed', 1)]);
    const left = await world.balance(world.home.funding);
    const sink = world.home.external;
    await world.sql(
      `INSERT INTO transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, kind, event_id)
       SELECT tenant_id, gen_random_uuid(), $1, $2, $3, 'EUR', 'release', event_id FROM transfer WHERE kind = 'top_up' LIMIT 1`,
      [world.home.funding, sink, left],
    );
    await apply(batchId, [said(batchId, 0, 'paid', 2)]);
    expect(await stateOf(batchId, 0)).toBe('paid');
    expect(await world.balance(world.home.funding)).toBe(0n);
    expect(await exceptions(batchId)).toContain('reversal_covered');
    expect(await brokenHere()).toEqual([]);
    await world.sql(
      `INSERT INTO transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, kind, event_id)
       SELECT tenant_id, gen_random_uuid(), $2, $1, $3, 'EUR', 'top_up', event_id FROM transfer WHERE kind = 'top_up' LIMIT 1`,
      [world.home.funding, sink, left],
    );
  });
});

describe('evidence that contradicts what we sent is kept, reported, and moves nothing (R6)', () => {
  test.each([
    ['another amount', { amount: 1n }, 'evidence_amount_mismatch'],
    ['another currency', { currency: 'USD' }, 'evidence_currency_mismatch'],
  ])('%s', async (_name, more, kind) => {
    const batchId = await sent(1);
    expect(await apply(batchId, [said(batchId, 0, 'paid', 1, more)])).toMatchObject({ moved: 0 });
    expect(await parkedFor(batchId, 0)).toBe(1);
    expect(await stateOf(batchId, 0)).toBe('submitting');
    expect(await exceptions(batchId)).toEqual([kind]);
    await apply(batchId, [said(batchId, 0, 'paid', 2)]);
  });

  test('another connection [S1-06]', async () => {
    const batchId = await sent(1);
    expect(await apply(batchId, [said(batchId, 0, 'paid', 1)], '00000000-0000-7000-8000-000000000000')).toMatchObject({ moved: 0 });
    expect(await parkedFor(batchId, 0)).toBe(1);
    expect(await exceptions(batchId)).toEqual(['evidence_connection_mismatch']);
    await apply(batchId, [said(batchId, 0, 'paid', 2)]);
  });

  test('a batch that is not of this workspace', async () => {
    const stranger = '00000000-0000-7000-8000-000000000001';
    expect(await apply(stranger, [said(stranger, 0, 'paid', 1)])).toEqual({ moved: 0, finished: false, parked: false });
    expect(await parkedFor(stranger, 0)).toBe(1);
  });

  test('what was never sent is parked, and taken up once it was', async () => {
    const batchId = await world.executing(tokens(2));
    expect(await apply(batchId, [said(batchId, 0, 'returned', 9)])).toMatchObject({ moved: 0 });
    expect(await parkedFor(batchId, 0)).toBe(1);
    expect(await stateOf(batchId, 0)).toBe('pending');
    expect(await exceptions(batchId)).toEqual(['evidence_never_sent']);
    await payChunk(world.worker(), { batchId, chunk: 0 }, () => {});
    expect([await stateOf(batchId, 0), await stateOf(batchId, 1)]).toEqual(['returned', 'paid']);
    expect(await reduceParked(world.worker())).toBe(0);
    expect(await brokenHere()).toEqual([]);
  });
});
