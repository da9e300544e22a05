import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { placesIn } from '../../dev/data-folder/places.js';
import { until } from '../harness/until.js';
import { readValue } from './harness/owner.js';
import { sampleItems } from './harness/payments.js';
import type { People } from './harness/people.js';
import { ITEMS, PROVIDER_ITEMS, ROUNDS } from './harness/rounds.js';
import { type Batch, startWorld, type World } from './harness/world.js';

jest.setTimeout(600_000);

let world: World;

beforeAll(async () => {
  world = await startWorld({ connection: { endpoint: 'single', settlement: 'async', timeout_ms: 1_000 } });
});

afterAll(async () => {
  await world?.close();
});

const startPaying = async (items: ReturnType<typeof sampleItems>): Promise<{ people: People; batchId: string }> => {
  const people = await world.newPeople();
  const batchId = await world.authorizedBatch(people, items);
  await world.execute(people, batchId);
  return { people, batchId };
};

type Counts = Batch['counts'];

const look = (people: People, batchId: string, enough: (counts: Counts) => boolean, mostMs?: number): Promise<Batch> => {
  let seen: Counts | undefined;
  return until(
    `the counts of ${batchId}`,
    async () => {
      const batch = await people.preparer.client.show_payout_batch({ batch_id: batchId });
      seen = batch.counts;
      return enough(seen) ? batch : undefined;
    },
    mostMs,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(seen)}`);
  });
};

const counts = (people: People, batchId: string, wanted: Partial<Counts>): Promise<Batch> =>
  look(people, batchId, (seen) => Object.entries(wanted).every(([name, count]) => seen[name as keyof Counts] === count));

const webhooks = (control: object): Promise<unknown> => world.provider('POST', '/control/webhooks', control);
const faults = (settings: object): Promise<unknown> => world.provider('POST', '/control/faults', settings);

/** Waits until the provider has delivered everything, and all of it was reduced. */
const allTold = (): Promise<true> =>
  until('the last webhook', async () => {
    const { webhooks_pending } = await world.provider<{ webhooks_pending: number }>('GET', '/books');
    const waiting = await readValue<number>(world, 'SELECT count(*)::int AS value FROM inbound_event WHERE reduced_at IS NULL');
    return webhooks_pending + (waiting ?? 0) === 0 ? true : undefined;
  });

describe.each(ROUNDS)('round %d', () => {
  afterEach(async () => {
    await faults({});
    await webhooks({ mode: 'deliver', order: 'oldest_first', times: 1, payments_per_delivery: 1_024 });
    await allTold();
    expect(await world.broken()).toEqual([]);
  });

  test('webhooks that arrive before our own commit settle their payments', async () => {
    // The provider settles after 250 ms and answers after 800.
    await faults({ latency_ms: 800 });
    const { people, batchId } = await startPaying(sampleItems(ITEMS));
    expect(await world.ended(people, batchId)).toMatchObject({ state: 'completed', counts: { paid: ITEMS, open: 0 } });
    const overtaken = await readValue<string>(
      world,
      `SELECT count(*) AS value FROM transition_block t JOIN payout_batch b ON b.id = t.batch_id
       WHERE t.body LIKE '["sluice-transitions-v2","webhook",%"submitting"%' AND b.created_at = (SELECT max(created_at) FROM payout_batch)`,
    );
    expect(Number(overtaken)).toBeGreaterThan(0);
  });

  test('events delivered twice and in any order, returns before the payments they return: the result is the same', async () => {
    await webhooks({ mode: 'hold' });
    const bounced = Math.ceil(ITEMS / 10);
    const { people, batchId } = await startPaying(sampleItems(ITEMS, { prefix: 'bounced_', each: 10 }));
    await counts(people, batchId, { submitted: ITEMS });
    await until('the settlement at the provider', async () => {
      const { totals } = await world.provider<{ totals: object[] }>('GET', '/books');
      return JSON.stringify(totals).includes('accepted') ? undefined : true;
    });
    await webhooks({ mode: 'deliver', order: 'shuffled', times: 2, payments_per_delivery: 3 });
    await counts(people, batchId, { paid: ITEMS - bounced, returned: bounced, open: 0 });
    expect(await world.ended(people, batchId)).toMatchObject({ state: 'completed' });
  });

  test('payments returned days later change the counters, never the state', async () => {
    const { people, batchId } = await startPaying(sampleItems(ITEMS, { prefix: 'returned_', each: 20 }));
    const late = Math.ceil(ITEMS / 20);
    expect(await world.ended(people, batchId)).toMatchObject({ state: 'completed', outcome: 'full', counts: { paid: ITEMS, returned: 0 } });
    await world.provider('POST', '/control/clock', { advance_days: 4 });
    expect(await counts(people, batchId, { paid: ITEMS - late, returned: late })).toMatchObject({ state: 'completed', outcome: 'full' });
  });

  test('forged webhooks are refused and settle nothing', async () => {
    await webhooks({ mode: 'hold' });
    const { people, batchId } = await startPaying(sampleItems(10));
    await counts(people, batchId, { submitted: 10 });
    const paid = await world.accepted(batchId);
    const body = JSON.stringify({
      id: 'evt_forged',
      type: 'payments.updated',
      created_at: new Date().toISOString(),
      data: paid.map(({ key, amount, currency }, n) => ({
        ...{ id: `pay_${n}`, idempotency_key: key, status: 'failed', version: 9, amount: Number(amount), currency, reason: 'forged' },
      })),
    });
    const { webhookSecret } = JSON.parse(readFileSync(placesIn(world.dataDir).secrets, 'utf8')) as { webhookSecret: string };
    const now = Math.floor(Date.now() / 1_000);
    const foreign = `whsec_${randomBytes(32).toString('base64')}`;
    for (const headers of [
      {},
      signed('evt_forged', now, body, foreign),
      signed('evt_forged', now, `${body} `, webhookSecret),
      signed('evt_forged', now - 600, body, webhookSecret),
    ])
      expect(await deliver(body, headers)).toBe(401);
    expect(await readValue(world, `SELECT count(*)::int AS value FROM inbound_event WHERE provider_event_id = 'evt_forged'`)).toBe(0);
    await webhooks({ mode: 'deliver' });
    expect(await world.ended(people, batchId)).toMatchObject({ state: 'completed', counts: { paid: 10 } });
  });

  test('30% time-outs and 10% errors after accepting, 5% resets: every outcome is found, and everybody is paid once', async () => {
    await faults({ seed: 20, timeout_after_accept: 0.3, error_after_accept: 0.1, reset_after_accept: 0.05 });
    // While webhooks are held back, only a lookup shows what became of a lost answer.
    await webhooks({ mode: 'hold' });
    const { people, batchId } = await startPaying(sampleItems(PROVIDER_ITEMS));
    const found = await look(people, batchId, ({ submitted, paid, unknown }) => unknown === 0 && submitted + paid === PROVIDER_ITEMS, 500_000);
    expect(found.counts.was_unknown).toBeGreaterThan(PROVIDER_ITEMS / 4);
    await webhooks({ mode: 'deliver' });
    expect(await world.ended(people, batchId, 120_000)).toMatchObject({
      state: 'completed',
      outcome: 'full',
      counts: { paid: PROVIDER_ITEMS, open: 0, unknown: 0 },
    });
    const accepted = await world.accepted(batchId);
    expect(accepted).toHaveLength(PROVIDER_ITEMS);
    const paid = accepted.reduce((sum, { amount }) => sum + amount, 0n);
    const { total, paid_total } = await people.preparer.client.show_payout_batch({ batch_id: batchId });
    expect([total, paid_total]).toEqual([Number(paid), Number(paid)]);
  });
});

const deliver = async (body: string, headers: Record<string, string>): Promise<number> => {
  const { api_url, connection_id } = world.stack.state();
  const answer = await fetch(`${api_url}/v1/inbound/sandbox/${connection_id}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return answer.status;
};

/** Standard Webhooks 1.0.0. */
const signed = (id: string, timestamp: number, body: string, secret: string): Record<string, string> => {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signature}` };
};
