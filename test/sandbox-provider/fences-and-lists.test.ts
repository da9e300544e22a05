import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newKey, samplePayment } from './sample-payment.js';
import { type RunningProvider, startProvider } from './start-provider.js';

let provider: RunningProvider;
beforeAll(async () => {
  provider = await startProvider({ PROVIDER_SETTLE_MS: '3600000' });
});
afterAll(() => provider.stop());

const pay = (key: string, query = '') => provider.call('POST', `/v1/payments${query}`, samplePayment(), { 'idempotency-key': key });
const listed = async (since: string): Promise<string[]> =>
  (await provider.call('GET', `/v1/payments?since=${since}`)).body.data.map((payment: { idempotency_key: string }) => payment.idempotency_key);

test('a fenced key is refused for one payment and in bulk, and a kill -9 does not take the fence away', async () => {
  const [fenced, paid] = [newKey(), newKey()];
  await pay(paid);
  const answer = await provider.call('POST', '/v1/payments/fence', { keys: [fenced, paid] });
  expect(answer.body).toMatchObject({ fenced: [fenced], found: [{ idempotency_key: paid, status: 'paid' }] });
  await provider.restart();
  expect(await pay(fenced)).toMatchObject({ status: 409, body: { error: { code: 'key_fenced' } } });
  const bulk = await provider.call('POST', '/v1/payments/bulk', { payments: [{ idempotency_key: fenced, ...samplePayment() }] });
  expect(bulk.body.results).toEqual([{ idempotency_key: fenced, error: { code: 'key_fenced' } }]);
  expect((await provider.call('GET', `/v1/payments/by-key/${fenced}`)).status).toBe(404);
  expect((await provider.books()).requests).toMatchObject({ fenced: 2, mismatched: 0 });
});

test('a list has what was taken in or changed since a time of the provider’s clock, also after a restart', async () => {
  const [older, changing, newer] = [newKey(), newKey(), newKey()];
  await pay(older);
  await pay(changing, '?settlement=async');
  const since = (await provider.call('POST', '/control/clock', { advance_ms: 60_000 })).body.clock;
  await pay(newer);
  expect(await listed(since)).toEqual([newer]);
  await provider.call('POST', '/control/clock', { advance_days: 1 });
  await provider.restart();
  expect(await listed(since)).toEqual([changing, newer]);
  expect((await listed('2020-01-01T00:00:00Z')).slice(-3)).toEqual([older, changing, newer]);
});

test('a fence or a list of another form is refused', async () => {
  expect((await provider.call('POST', '/v1/payments/fence', { keys: [] })).status).toBe(400);
  expect((await provider.call('POST', '/v1/payments/fence', { keys: ['with a space'] })).status).toBe(400);
  expect((await provider.call('GET', '/v1/payments')).status).toBe(400);
  expect((await provider.call('GET', '/v1/payments?since=yesterday')).status).toBe(400);
});
