import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openRails } from '../../rails/registry.js';
import { newKey } from '../sandbox-provider/sample-payment.js';
import { type RunningProvider, startProvider } from '../sandbox-provider/start-provider.js';
import { receiveWebhooks } from '../sandbox-provider/webhook-receiver.js';
import { provesEvidence } from './conformance/evidence.js';
import { provesFencing } from './conformance/fencing.js';
import { provesSending, releaseBy } from './conformance/kit.js';
import { provesListing } from './conformance/listing.js';
import { provesLookingUp } from './conformance/looking-up.js';
import type { Fate, RailUnderTest } from './conformance/rail-under-test.js';
import { provesRendering } from './conformance/rendering.js';

const TOKENS: Record<Fate, string> = {
  paid: 'acct_1',
  declined: 'declined_1',
  failed_later: 'fails_1',
  returned_later: 'returned_1',
  limited_once: 'limited_1',
};
const TIMEOUT_MS = 2_000;

let provider: RunningProvider;
let receiver: Awaited<ReturnType<typeof receiveWebhooks>>;
let tested: RailUnderTest;

beforeAll(async () => {
  // Settlement takes an hour of the provider's clock, so that it happens when a test says so.
  [provider, receiver] = await Promise.all([startProvider({ PROVIDER_SETTLE_MS: '3600000' }), receiveWebhooks()]);
  const rail = openRails().get('sandbox');
  if (!rail) throw new Error('the registry has no sandbox rail');
  tested = railOn(rail);
});
afterEach(() => provider.call('POST', '/control/faults', {}));
afterAll(async () => {
  await provider.stop();
  await receiver.close();
});

const railOn = (rail: RailUnderTest['rail']): RailUnderTest => ({
  rail,
  connection: (settings) => ({
    id: '0198c2aa-0000-7000-8000-000000000001',
    rail: 'sandbox',
    settings: { base_url: provider.url, timeout_ms: TIMEOUT_MS, ...settings },
    credentials: { apiKey: provider.apiKey, webhookSecret: provider.webhookSecret },
  }),
  unreachable: () => ({ ...tested.connection({}), settings: { base_url: 'http://127.0.0.1:1', timeout_ms: TIMEOUT_MS } }),
  payment: (fate) => ({
    key: newKey(),
    amount: 1250n,
    currency: 'EUR',
    reference: 'INV-1',
    remittance: 'Thanks',
    to: { name: 'Example Payee', payeeType: 'individual', country: 'DE', destination: { kind: 'account_token', accountToken: TOKENS[fate] } },
  }),
  misbehave: async (mishap) => {
    const faults =
      mishap === 'none'
        ? {}
        : mishap === 'hesitates'
          ? { latency_ms: 600_000 }
          : { [mishap]: 1, ...(mishap === 'rate_limited' ? { retry_after_s: 0 } : {}) };
    expect((await provider.call('POST', '/control/faults', faults)).status).toBe(200);
  },
  acceptances: async (keys) => {
    expect((await provider.books()).duplicates).toBe(0);
    const counts = new Map<string, number>();
    for (const { idempotency_key, declined } of await provider.payments()) {
      if (!declined) counts.set(idempotency_key, (counts.get(idempotency_key) ?? 0) + 1);
    }
    return keys.map((key) => counts.get(key) ?? 0);
  },
  settle: async () => {
    const before = receiver.deliveries.length;
    await provider.call('POST', '/control/webhooks', { url: receiver.url, mode: 'hold', times: 2, order: 'shuffled' });
    for (const days of [1, 4]) await provider.call('POST', '/control/clock', { advance_days: days });
    const { webhooks_pending: pending } = await provider.books();
    await provider.call('POST', '/control/webhooks', { mode: 'deliver' });
    const deliveries = await receiver.atLeast(before + 2 * pending);
    return deliveries.slice(before).map(({ raw, headers }) => ({ raw, headers: headers as Record<string, string | undefined> }));
  },
});

describe('rendering', () => provesRendering(() => tested));
describe('sending in bulk', () => provesSending(() => tested, { endpoint: 'bulk', settlement: 'immediate' }));
describe('sending one by one', () => provesSending(() => tested, { endpoint: 'single', settlement: 'immediate', concurrency: 8 }));
describe('evidence in bulk', () => provesEvidence(() => tested, { endpoint: 'bulk', settlement: 'async' }));
describe('evidence one by one', () => provesEvidence(() => tested, { endpoint: 'single', settlement: 'async' }));
describe('looking up', () => provesLookingUp(() => tested, { endpoint: 'bulk' }));

describe('fencing', () => provesFencing(() => tested, { endpoint: 'bulk' }));
describe('listing', () => provesListing(() => tested, { endpoint: 'bulk' }));

describe('this rail beyond the kit', () => {
  test('chunks are 1,024 in bulk and 128 one by one', () => {
    const size = (endpoint: string) => tested.rail.capabilities(tested.connection({ endpoint })).chunkSize;
    expect([size('bulk'), size('single')]).toEqual([1024, 128]);
  });

  test('a 429 with Retry-After is waited out, and then paid', async () => {
    const connection = tested.connection({ endpoint: 'single' });
    const [outcome] = await releaseBy(tested, connection, [tested.payment('limited_once')]);
    expect(outcome?.outcome).toBe('paid');
  });

  test('a bulk call that broke half way: unknown for all, half of them found', async () => {
    await provider.call('POST', '/control/faults', { error_half_way: 1 });
    const connection = tested.connection({ endpoint: 'bulk' });
    const payments = Array.from({ length: 10 }, () => tested.payment('paid'));
    const outcomes = await releaseBy(tested, connection, payments);
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['unknown']));
    const lookups = await tested.rail.lookup(
      connection,
      payments.map(({ key }) => key),
      new Map(),
    );
    expect(lookups.map(({ answer }) => answer.kind)).toEqual([...Array(5).fill('found'), ...Array(5).fill('absent_so_far')]);
  });

  test('settings that it does not know how to follow are thrown out', async () => {
    for (const settings of [
      { base_url: 'file:///etc/passwd' },
      { base_url: 'nowhere' },
      { endpoint: 'both' },
      { settlement: 'later' },
      { timeout_ms: 0 },
    ]) {
      expect(() => tested.rail.capabilities(tested.connection(settings as Record<string, string>))).toThrow();
    }
  });
});
