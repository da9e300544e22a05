import { expect } from '@jest/globals';
import type { OpenConnection, Rail } from '../../operations/rail.js';
import { openRails } from '../../rails/registry.js';
import { newKey } from '../sandbox-provider/sample-payment.js';
import { startProvider } from '../sandbox-provider/start-provider.js';
import { receiveWebhooks } from '../sandbox-provider/webhook-receiver.js';
import type { Fate, RailUnderTest } from './conformance/rail-under-test.js';

const TOKENS: Record<Fate, string> = {
  paid: 'acct_1',
  declined: 'declined_1',
  failed_later: 'fails_1',
  returned_later: 'returned_1',
  limited_once: 'limited_1',
};
const TIMEOUT_MS = 2_000;
const CALLS_AT_ONCE = 8;

/** The sandbox provider with what the kit needs to know of it, for the sandbox rail or one that is made of it. */
export const openSandbox = async () => {
  // Settlement takes an hour of the provider's clock, so that it happens when a test says so.
  const [provider, receiver] = await Promise.all([startProvider({ PROVIDER_SETTLE_MS: '3600000' }), receiveWebhooks()]);
  const rail = openRails().get('sandbox');
  if (!rail) throw new Error('the registry has no sandbox rail');
  const connection = (settings: Record<string, string | number>): OpenConnection => ({
    id: '0198c2aa-0000-7000-8000-000000000001',
    rail: 'sandbox',
    settings: { base_url: provider.url, timeout_ms: TIMEOUT_MS, concurrency: CALLS_AT_ONCE, ...settings },
    credentials: { apiKey: provider.apiKey, webhookSecret: provider.webhookSecret },
  });
  const under = (rail: Rail): RailUnderTest => ({
    asynchronous: { settlement: 'async' },
    callsAtOnce: CALLS_AT_ONCE,
    rail,
    connection,
    unreachable: () => ({ ...connection({}), settings: { base_url: 'http://127.0.0.1:1', timeout_ms: TIMEOUT_MS } }),
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
  const close = async (): Promise<void> => {
    await provider.stop();
    await receiver.close();
  };
  return { rail, provider, under, close };
};

export type SandboxUnderTest = Awaited<ReturnType<typeof openSandbox>>;
