import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toItemId } from '../../domain/ids.js';
import type { PaymentOutcome } from '../../domain/item/evidence.js';
import { intendChunk } from '../../operations/chunk/intend.js';
import { lookUpDue } from '../../operations/chunk/look-up-due.js';
import { payChunk } from '../../operations/chunk/pay.js';
import { drainInbound } from '../../operations/inbound/drain.js';
import { receiveInbound } from '../../operations/inbound/receive.js';
import type { PaymentLookup, Rail } from '../../operations/rail.js';
import { settleEvidence } from '../../operations/settlement/settle.js';
import { until } from '../harness/until.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';

let world: PayingWorld;
beforeAll(async () => {
  world = await openPayingWorld();
}, 120_000);
afterAll(() => world?.close());

const quiet = () => {};

/** The sandbox rail with one of its methods replaced. */
const railWith = (change: (rail: Rail) => Partial<Rail>): { rails: Map<string, Rail> } => {
  const rail = world.services.rails.get('sandbox') as Rail;
  return { rails: new Map([['sandbox', { ...rail, ...change(rail) }]]) };
};

const said = (batchId: string, ordinal: number, of: Partial<PaymentOutcome>): PaymentOutcome => ({
  key: toItemId(batchId, ordinal),
  outcome: 'paid',
  rank: 2,
  providerReference: `pay_${ordinal}`,
  reason: null,
  amount: null,
  currency: null,
  ...of,
});

const answering = (answerOf: (key: string) => Promise<PaymentLookup['answer']>) =>
  railWith(() => ({
    lookup: async (_connection, keys) => Promise.all(keys.map(async (key) => ({ key, answer: await answerOf(key) }))),
  }));

const count = async (statement: string, values: unknown[] = []): Promise<number> => {
  const [row] = await world.sql<{ n: string }>(`SELECT count(*) AS n FROM ${statement}`, values);
  return Number(row?.n);
};

describe('lookups that settle nothing', () => {
  test('a payment with evidence of another amount is looked up again later, and one exception reports it', async () => {
    const batchId = await world.executing(['timeout']);
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
    const wrong = answering(async () => ({ kind: 'found', outcome: said(batchId, 0, { amount: 99_999n }) }));
    const again = await until('the item to be due', async () => {
      const ms = await lookUpDue(world.worker(wrong), batchId, quiet);
      return (await count('parked_evidence WHERE payment_key = $1', [toItemId(batchId, 0)])) > 0 ? [ms] : undefined;
    });
    expect(again[0]).toBeGreaterThan(0);
    await world.sql('UPDATE payout_item SET look_up_at = now() WHERE batch_id = $1', [batchId]);
    await lookUpDue(world.worker(wrong), batchId, quiet);
    expect(await count('parked_evidence WHERE payment_key = $1', [toItemId(batchId, 0)])).toBe(1);
    expect(await count('exception WHERE batch_id = $1', [batchId])).toBe(1);
  });

  test('an item that a webhook settles meanwhile is not looked up any more', async () => {
    const batchId = await world.executing(tokens(2, 'timeout'));
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
    let settled = false;
    const overtaken = answering(async () => {
      if (!settled) {
        settled = true;
        const { connectionId } = world.home;
        await settleEvidence(world.worker(), { batchId, connectionId, source: 'webhook', outcomes: [said(batchId, 0, {})] });
      }
      return { kind: 'absent_so_far' };
    });
    await until('the items to be due', async () => {
      await lookUpDue(world.worker(overtaken), batchId, quiet);
      return settled || undefined;
    });
    expect(await count(`payout_item WHERE batch_id = $1 AND state = 'paid'`, [batchId])).toBe(1);
    expect(await count(`payout_item WHERE batch_id = $1 AND state = 'paid' AND look_up_at IS NOT NULL`, [batchId])).toBe(0);
  });
});

test('in recovery mode lookups that are due wait, and are not tried all the time', async () => {
  const batchId = await world.executing(['timeout']);
  await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
  await world.sql('UPDATE payout_item SET look_up_at = now() WHERE batch_id = $1', [batchId]);
  const recovering = world.worker({ recovery: { reason: () => 'an older copy was put back' } });
  expect(await lookUpDue(recovering, batchId, quiet)).toBeGreaterThanOrEqual(10_000);
  expect(await world.counter(batchId)).toMatchObject({ unknown: 1, open: 1 });
});

describe('sending again', () => {
  test('a payee who was held after the first send is not sent to; once free again, the payee is paid', async () => {
    const batchId = await world.executing(['refused']);
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
    await world.sql(`UPDATE payee SET held_at = now() WHERE id IN (SELECT payee_id FROM payout_item WHERE batch_id = $1)`, [batchId]);
    let absent = false;
    const watched = railWith((rail) => ({
      lookup: async (...asked) => {
        const lookups = await rail.lookup(...asked);
        absent ||= lookups.some(({ answer }) => answer.kind === 'absent_final');
        return lookups;
      },
    }));
    await until('the rail to say that it never saw the payment', async () => {
      await lookUpDue(world.worker(watched), batchId, quiet);
      return absent || undefined;
    });
    expect((await world.provider.payments()).filter(({ idempotency_key }) => idempotency_key === toItemId(batchId, 0))).toEqual([]);
    await world.sql(`UPDATE payee SET held_at = NULL`);
    await until('the batch to end', async () => {
      await world.sql('UPDATE payout_item SET look_up_at = now() WHERE batch_id = $1 AND look_up_at IS NOT NULL', [batchId]);
      await lookUpDue(world.worker(), batchId, quiet);
      return (await world.view(batchId))?.control.state === 'completed' || undefined;
    });
  });
});

describe('deliveries that break the drain', () => {
  const update = (batchId: string, ordinal: number, more: object = {}) => ({
    id: `pay_${ordinal}`,
    idempotency_key: toItemId(batchId, ordinal),
    status: 'paid',
    version: 2,
    amount: 100 + (ordinal % 7),
    currency: 'EUR',
    reason: null,
    ...more,
  });
  const deliver = async (data: object[]) => {
    const body = JSON.stringify({ id: randomUUID(), type: 'payments.updated', created_at: new Date().toISOString(), data });
    const [id, timestamp] = [randomUUID(), Math.floor(Date.now() / 1000).toString()];
    const key = Buffer.from(world.provider.webhookSecret.replace(/^whsec_/, ''), 'base64');
    const signature = `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
    const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
    expect(
      await receiveInbound(world.publicContext(), { rail: 'sandbox', connection_id: world.home.connectionId, raw: Buffer.from(body), headers }),
    ).toMatchObject({
      ok: true,
    });
  };
  const sent = async (items: number) => {
    const batchId = await world.executing(tokens(items));
    await intendChunk(world.worker(), { batchId, chunk: 0 });
    return batchId;
  };

  test('an ordinal that no batch can have is parked, and what came with it is reduced', async () => {
    const batchId = await sent(1);
    const key = `${toItemId(batchId, 0).slice(0, -8)}ffffffff`;
    await deliver([update(batchId, 0, { idempotency_key: key }), update(batchId, 0)]);
    await drainInbound(world.worker());
    expect(await world.counter(batchId)).toMatchObject({ paid: 1, open: 0 });
    expect(await count('parked_evidence WHERE payment_key = $1', [key])).toBe(1);
  });

  test('one that cannot be reduced is kept for later, and holds up no other', async () => {
    const [bad, good] = [await sent(1), await sent(1)];
    await deliver([update(bad, 0, { id: 'breaks' })]);
    await deliver([update(good, 0)]);
    const breaking = railWith((rail) => ({
      parseEvidence: (raw) => rail.parseEvidence(raw).map((one) => (one.providerReference === 'breaks' ? { ...one, rank: 2 ** 40 } : one)),
    }));
    await drainInbound(world.worker(breaking));
    expect(await world.counter(good)).toMatchObject({ paid: 1, open: 0 });
    expect(await count('inbound_event WHERE reduced_at IS NULL AND problem IS NOT NULL')).toBe(1);
    await world.sql('UPDATE inbound_event SET next_at = now() WHERE reduced_at IS NULL');
    await drainInbound(world.worker());
    expect(await world.counter(bad)).toMatchObject({ paid: 1, open: 0 });
  });
});
