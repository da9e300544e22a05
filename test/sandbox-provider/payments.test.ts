import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newKey, samplePayment } from './sample-payment.js';
import { type RunningProvider, startProvider } from './start-provider.js';

let provider: RunningProvider;
beforeAll(async () => {
  provider = await startProvider({ PROVIDER_SETTLE_MS: '0' });
});
afterAll(() => provider.stop());

const pay = (key: string, body: unknown, query = '') => provider.call('POST', `/v1/payments${query}`, body, { 'idempotency-key': key });

describe('one payment', () => {
  test('is taken in once, and the same key and body get the first answer again', async () => {
    const key = newKey();
    const first = await pay(key, samplePayment());
    const again = await pay(key, samplePayment());
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ idempotency_key: key, status: 'paid', version: 1, amount: 1250, currency: 'EUR', reason: null });
    expect(again.status).toBe(200);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.body).toEqual(first.body);
  });

  test.each([
    ['amount', { amount: 1251 }],
    ['currency', { currency: 'USD' }],
    ['reference', { reference: 'INV-2' }],
    ['remittance', { remittance: 'Other' }],
    ['name', { payee: { name: 'Somebody Else', type: 'individual', country: 'DE' } }],
    ['type', { payee: { name: 'Example Payee', type: 'company', country: 'DE' } }],
    ['country', { payee: { name: 'Example Payee', type: 'individual', country: 'FR' } }],
    ['destination', { destination: { kind: 'account_token', account_token: 'acct_0002' } }],
  ])('another %s under a known key is refused and changes nothing', async (_, change) => {
    const key = newKey();
    await pay(key, samplePayment());
    const other = await pay(key, samplePayment('acct_0001', change));
    expect(other.status).toBe(409);
    expect(other.body.error.code).toBe('idempotency_mismatch');
    expect((await provider.call('GET', `/v1/payments/by-key/${key}`)).body).toMatchObject({ amount: 1250, currency: 'EUR' });
  });

  test('a decline is remembered under its key, and is no payment', async () => {
    const key = newKey();
    const before = await provider.books();
    const first = await pay(key, samplePayment('declined_1'));
    const again = await pay(key, samplePayment('declined_1'));
    const after = await provider.books();
    expect([first.status, again.status]).toEqual([422, 422]);
    expect(again.body.error.code).toBe('account_closed');
    expect(after.count).toBe(before.count);
    expect(after.declined).toBe(before.declined + 1);
  });

  test('64 at once under one key are one payment', async () => {
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 64 }, () => pay(key, samplePayment())));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect((await provider.books()).duplicates).toBe(0);
  });

  test.each([
    ['no key', {}, samplePayment(), 'idempotency_key_missing'],
    ['an amount of 0', { 'idempotency-key': 'k' }, samplePayment('acct_1', { amount: 0 }), 'invalid_request'],
    ['an amount that is no integer', { 'idempotency-key': 'k' }, samplePayment('acct_1', { amount: 1.5 }), 'invalid_request'],
    ['a field that is not known', { 'idempotency-key': 'k' }, samplePayment('acct_1', { priority: 1 }), 'invalid_request'],
    [
      'two kinds of destination',
      { 'idempotency-key': 'k' },
      samplePayment('acct_1', { destination: { kind: 'iban', account_token: 'x' } }),
      'invalid_request',
    ],
  ])('%s is refused', async (_, headers, body, code) => {
    const answer = await provider.call('POST', '/v1/payments', body, headers);
    expect(answer.status).toBe(400);
    expect(answer.body.error.code).toBe(code);
  });

  test('nothing is answered without the API key', async () => {
    for (const path of ['/books', '/v1/payments/by-key/k', '/books/payments']) {
      expect((await provider.call('GET', path, undefined, { authorization: 'Bearer wrong' })).status).toBe(401);
    }
    expect((await provider.call('POST', '/control/clock', {}, { authorization: '' })).status).toBe(401);
  });
});

describe('many payments', () => {
  test('each has its own outcome, in the order of the request', async () => {
    const keys = Array.from({ length: 5 }, newKey);
    const tokens = ['acct_1', 'declined_1', 'lookup_1', 'refused_1', 'fails_1'];
    const payments = keys.map((key, i) => ({ idempotency_key: key, ...samplePayment(tokens[i]) }));
    const { status, body } = await provider.call('POST', '/v1/payments/bulk', { settlement: 'immediate', payments });
    expect(status).toBe(200);
    expect(body.results).toMatchObject([
      { idempotency_key: keys[0], status: 'paid' },
      { idempotency_key: keys[1], error: { code: 'account_closed' } },
      { idempotency_key: keys[2], error: { code: 'no_answer' } },
      { idempotency_key: keys[3], error: { code: 'no_answer' } },
      { idempotency_key: keys[4], status: 'accepted' },
    ]);
    const lookup = await provider.call('POST', '/v1/payments/lookup', { keys });
    expect(lookup.body.absent).toEqual([keys[3]]);
    expect(lookup.body.found.map((found: { idempotency_key: string }) => found.idempotency_key)).toEqual([keys[0], keys[1], keys[2], keys[4]]);
  });

  test('a key given twice in one call is one payment', async () => {
    const key = newKey();
    const payments = [1, 2].map(() => ({ idempotency_key: key, ...samplePayment() }));
    await provider.call('POST', '/v1/payments/bulk', { payments });
    expect((await provider.payments()).filter((payment) => payment.idempotency_key === key)).toHaveLength(1);
    expect((await provider.books()).duplicates).toBe(0);
  });

  test('1,024 are taken, 1,025 are refused as a whole', async () => {
    const payments = Array.from({ length: 1025 }, () => ({ idempotency_key: newKey(), ...samplePayment() }));
    const before = await provider.books();
    expect((await provider.call('POST', '/v1/payments/bulk', { payments })).status).toBe(400);
    expect((await provider.books()).count).toBe(before.count);
    expect((await provider.call('POST', '/v1/payments/bulk', { payments: payments.slice(1) })).body.results).toHaveLength(1024);
    expect((await provider.books()).count).toBe(before.count + 1024);
  });

  test('the books add up: pages, totals and count agree', async () => {
    const [books, payments] = [await provider.books(), await provider.payments()];
    const taken = payments.filter((payment) => !payment.declined);
    expect(taken).toHaveLength(books.count);
    expect(payments.map(({ index }) => index)).toEqual(payments.map((_, i) => i));
    const total = books.totals.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
    expect(total).toBe(payments.reduce((sum, { amount }) => sum + BigInt(amount), 0n));
  });
});
