import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Faults, faultSettings } from '../../dev/sandbox-provider/faults.js';
import { newKey, samplePayment } from './sample-payment.js';
import { type RunningProvider, startProvider } from './start-provider.js';

let provider: RunningProvider;
beforeAll(async () => {
  provider = await startProvider();
});
afterEach(() => provider.call('POST', '/control/faults', {}));
afterAll(() => provider.stop());

/** Status of the answer, or `lost` when there is none. Waits 300 ms at most, because a lost answer never comes. */
const pay = async (key: string, token = 'acct_0001'): Promise<number | 'lost'> => {
  try {
    const answer = await fetch(`${provider.url}/v1/payments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${provider.apiKey}`, 'idempotency-key': key },
      body: JSON.stringify(samplePayment(token)),
      signal: AbortSignal.timeout(300),
    });
    return answer.status;
  } catch {
    return 'lost';
  }
};

const inBooks = async (key: string) => (await provider.call('GET', `/v1/payments/by-key/${key}`)).status === 200;

describe('a request that goes wrong', () => {
  test.each([
    ['error_before_accept', 503, false],
    ['reset_before_accept', 'lost', false],
    ['rate_limited', 429, false],
    ['timeout_after_accept', 'lost', true],
    ['error_after_accept', 500, true],
    ['reset_after_accept', 'lost', true],
    ['malformed_answer', 200, true],
  ] as const)('%s answers %s; in the books: %s', async (fault, status, taken) => {
    await provider.call('POST', '/control/faults', { [fault]: 1 });
    const key = newKey();
    expect(await pay(key)).toBe(status);
    expect(await inBooks(key)).toBe(taken);
  });

  test.each([
    ['refused_1', 503, 201],
    ['limited_1', 429, 201],
    ['timeout_1', 'lost', 200],
    ['broken_1', 500, 200],
    ['reset_1', 'lost', 200],
    ['lookup_1', 'lost', 'lost'],
    ['silent_1', 'lost', 'lost'],
  ] as const)('%s: first %s, then %s, and once in the books', async (token, first, second) => {
    const key = newKey();
    expect([await pay(key, token), await pay(key, token)]).toEqual([first, second]);
    expect((await provider.payments()).filter((payment) => payment.idempotency_key === key)).toHaveLength(1);
  });

  test('silent_: paid without an event; lookups answer only after twenty seconds of the provider’s clock, also after a restart', async () => {
    const [silent, other] = [newKey(), newKey()];
    const byKey = async () => (await provider.call('GET', `/v1/payments/by-key/${silent}`)).status;
    const many = async () => (await provider.call('POST', '/v1/payments/lookup', { keys: [silent, other] })).body;
    await provider.call('POST', '/v1/payments/bulk', {
      settlement: 'async',
      payments: [{ idempotency_key: silent, ...samplePayment('silent_1') }],
    });
    await pay(other);
    const found = ({ idempotency_key }: { idempotency_key: string }) => idempotency_key;
    await provider.call('POST', '/control/clock', { advance_ms: 10_000 });
    await provider.kill();
    await provider.restart();
    const early = await many();
    expect([await byKey(), early.found.map(found), early.absent]).toEqual([503, [other], []]);
    await provider.call('POST', '/control/clock', { advance_ms: 10_000 });
    const late = await many();
    expect([await byKey(), late.found.map(found), late.absent]).toEqual([200, [silent, other], []]);
    expect(late.found[0]).toMatchObject({ status: 'paid', version: 1 });
    expect((await provider.books()).webhooks_pending).toBe(0);
  });

  test('the last four digits of a bank account do what a token does', async () => {
    const body = samplePayment('', { destination: { kind: 'us_bank', routing_number: '021000021', account_number: '10009901' } });
    expect((await provider.call('POST', '/v1/payments', body, { 'idempotency-key': newKey() })).status).toBe(422);
  });

  test('a bulk call that breaks half way leaves the first half in the books', async () => {
    await provider.call('POST', '/control/faults', { error_half_way: 1 });
    const keys = Array.from({ length: 10 }, newKey);
    const payments = keys.map((key) => ({ idempotency_key: key, ...samplePayment() }));
    expect((await provider.call('POST', '/v1/payments/bulk', { payments })).status).toBe(500);
    expect((await provider.call('POST', '/v1/payments/lookup', { keys })).body.absent).toEqual(keys.slice(5));
  });

  test('a 429 says when to come back', async () => {
    await provider.call('POST', '/control/faults', { rate_limited: 1, retry_after_s: 7 });
    const answer = await provider.call('POST', '/v1/payments', samplePayment(), { 'idempotency-key': newKey() });
    expect(answer.headers.get('retry-after')).toBe('7');
  });

  test('lookups can be unavailable', async () => {
    await provider.call('POST', '/control/faults', { lookup_unavailable: 1 });
    expect((await provider.call('POST', '/v1/payments/lookup', { keys: ['a'] })).status).toBe(503);
    expect((await provider.call('GET', '/v1/payments/by-key/a')).status).toBe(503);
  });

  test('a forgotten key is a duplicate, and the books say so', async () => {
    const key = newKey();
    await pay(key);
    await provider.call('POST', '/control/faults', { key_forgotten: 1 });
    const before = await provider.books();
    await pay(key);
    expect((await provider.books()).duplicates).toBe(before.duplicates + 1);
  });
});

describe('chances', () => {
  test('the same seed and keys go wrong in the same places, about as often as asked', () => {
    const keys = Array.from({ length: 2000 }, newKey);
    const run = (seed: number) => {
      const faults = new Faults(0);
      faults.settings = faultSettings.parse({ seed, error_before_accept: 0.3, timeout_after_accept: 0.1, decline: 0.2 });
      return keys.flatMap((key) => [faults.ofRequest(key), faults.ofRequest(key), faults.hits('decline', key)]);
    };
    const first = run(7);
    expect(run(7)).toEqual(first);
    expect(run(8)).not.toEqual(first);
    const share = (what: unknown, draws: number) => first.filter((each) => each === what).length / (keys.length * draws);
    expect(share('error_before_accept', 2)).toBeCloseTo(0.3, 1);
    expect(share('timeout_after_accept', 2)).toBeCloseTo(0.1, 1);
    expect(share(true, 1)).toBeCloseTo(0.2, 1);
  });

  test('settings that are not known or not chances are refused', async () => {
    expect((await provider.call('POST', '/control/faults', { explode: 1 })).status).toBe(400);
    expect((await provider.call('POST', '/control/faults', { decline: 2 })).status).toBe(400);
  });
});
