import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { newKey, samplePayment } from './sample-payment.js';
import { type RunningProvider, startProvider } from './start-provider.js';
import { type Delivery, receiveWebhooks } from './webhook-receiver.js';

/** Settlement takes a day here: nothing moves unless a test moves the clock. */
const DAY_MS = 24 * 60 * 60 * 1000;

let provider: RunningProvider;
let receiver: Awaited<ReturnType<typeof receiveWebhooks>>;
beforeEach(async () => {
  [provider, receiver] = await Promise.all([startProvider({ PROVIDER_SETTLE_MS: `${DAY_MS}` }), receiveWebhooks()]);
  await provider.call('POST', '/control/webhooks', { url: receiver.url });
});
afterEach(async () => {
  await receiver.close();
  await provider.stop();
});

const advance = (days: number) => provider.call('POST', '/control/clock', { advance_days: days });

const payAsync = async (tokens: string[]): Promise<string[]> => {
  const payments = tokens.map((token) => ({ idempotency_key: newKey(), ...samplePayment(token) }));
  const { body } = await provider.call('POST', '/v1/payments/bulk', { settlement: 'async', payments });
  expect(body.results.map((result: { status: string }) => result.status)).toEqual(tokens.map(() => 'accepted'));
  return payments.map((payment) => payment.idempotency_key);
};

const words = (deliveries: readonly Delivery[]): string[] =>
  deliveries.flatMap(({ body }) =>
    body.data.map((payment: { idempotency_key: string; status: string; version: number }) => {
      return `${payment.idempotency_key} ${payment.status} ${payment.version}`;
    }),
  );

describe('the clock', () => {
  test('settles, fails and returns when it gets there, and not before', async () => {
    const keys = await payAsync(['acct_1', 'fails_1', 'returned_1', 'bounced_1']);
    const states = async () => (await provider.payments()).map(({ status, version }) => `${status} ${version}`);
    await advance(0.5);
    expect(await states()).toEqual(['accepted 1', 'accepted 1', 'accepted 1', 'accepted 1']);
    await advance(0.6);
    expect(await states()).toEqual(['paid 2', 'failed 2', 'paid 2', 'returned 3']);
    await advance(3);
    expect(await states()).toEqual(['paid 2', 'failed 2', 'returned 3', 'returned 3']);
    const heard = words(await receiver.atLeast(3));
    expect(new Set(heard)).toEqual(
      new Set([
        `${keys[0]} paid 2`,
        `${keys[1]} failed 2`,
        `${keys[2]} paid 2`,
        `${keys[3]} paid 2`,
        `${keys[3]} returned 3`,
        `${keys[2]} returned 3`,
      ]),
    );
  });

  test('what is due survives kill -9, and so does the clock', async () => {
    await payAsync(['returned_1']);
    await advance(2);
    await provider.restart();
    expect((await provider.payments())[0]).toMatchObject({ status: 'paid', version: 2 });
    await advance(2.1);
    expect((await provider.payments())[0]).toMatchObject({ status: 'returned', version: 3 });
  });

  test('an answer repeated after settlement is still the first one; a lookup gives the newest', async () => {
    const key = newKey();
    const pay = () => provider.call('POST', '/v1/payments?settlement=async', samplePayment(), { 'idempotency-key': key });
    const first = await pay();
    await advance(2);
    expect((await pay()).body).toEqual(first.body);
    expect((await provider.call('GET', `/v1/payments/by-key/${key}`)).body).toMatchObject({ status: 'paid', version: 2 });
  });
});

describe('webhooks', () => {
  test('are signed over id, timestamp and raw body, with the real time', async () => {
    await payAsync(['acct_1']);
    await advance(30);
    const [delivery] = (await receiver.atLeast(1)) as [Delivery];
    const id = delivery.headers['webhook-id'];
    const timestamp = delivery.headers['webhook-timestamp'];
    const key = Buffer.from(provider.webhookSecret.slice('whsec_'.length), 'base64');
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(delivery.raw).digest('base64');
    expect(delivery.headers['webhook-signature']).toBe(`v1,${signature}`);
    expect(delivery.body).toMatchObject({ id, type: 'payments.updated' });
    expect(Math.abs(Date.now() / 1000 - Number(timestamp))).toBeLessThan(60);
  });

  test('carry up to 1,024 outcomes in one delivery', async () => {
    for (const count of [1024, 76]) await payAsync(Array.from({ length: count }, (_, n) => `acct_${n}`));
    await advance(2);
    const sizes = (await receiver.atLeast(2)).map(({ body }) => body.data.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1100);
  });

  test('are delivered again until a 2xx, under the same id', async () => {
    await receiver.close();
    receiver = await receiveWebhooks([500, 302, 429]);
    await provider.call('POST', '/control/webhooks', { url: receiver.url });
    await payAsync(['acct_1']);
    await advance(2);
    const deliveries = await receiver.atLeast(4);
    expect(new Set(deliveries.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  test('that were not delivered before a kill -9 are delivered after it', async () => {
    await provider.call('POST', '/control/webhooks', { mode: 'hold' });
    const [key] = await payAsync(['acct_1']);
    await advance(2);
    expect((await provider.books()).webhooks_pending).toBe(1);
    expect(receiver.deliveries).toHaveLength(0);
    await provider.restart();
    expect(words(await receiver.atLeast(1))).toEqual([`${key} paid 2`]);
  });

  test('come several times and shuffled on request, with the same ids and every state', async () => {
    await provider.call('POST', '/control/webhooks', { mode: 'hold', times: 3, order: 'shuffled', payments_per_delivery: 1 });
    const keys = await payAsync(Array.from({ length: 20 }, () => 'returned_1'));
    await advance(2);
    await advance(3);
    await provider.call('POST', '/control/webhooks', { mode: 'deliver' });
    const heard = words(await receiver.atLeast(120));
    for (const key of keys) {
      expect(heard.filter((word) => word === `${key} paid 2`)).toHaveLength(3);
      expect(heard.filter((word) => word === `${key} returned 3`)).toHaveLength(3);
    }
    const inOrder = [2, 3].flatMap((version) => keys.flatMap((key) => Array(3).fill(`${key} ${version === 2 ? 'paid' : 'returned'} ${version}`)));
    expect(heard).not.toEqual(inOrder);
    expect(new Set(receiver.deliveries.map(({ headers }) => headers['webhook-id'])).size).toBe(40);
  });
});
