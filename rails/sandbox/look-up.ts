import type { Dispatcher } from 'undici';
import type { OpenConnection, PaymentLookup } from '../../operations/rail.js';
import { callProvider } from './http.js';
import { BULK_LIMIT, capabilitiesOf, type SandboxSettings } from './settings.js';
import { errorAnswer, lookupAnswer, paymentAnswer, toOutcome } from './wire.js';

interface Asking {
  dispatcher: Dispatcher;
  connection: OpenConnection;
  settings: SandboxSettings;
  /** The last moment at which a payment may have been sent, by key. */
  sentAt: ReadonlyMap<string, Date>;
}

/** Looks payments up at the provider by key (R5): a single one by its path, more in calls of up to 1,024. */
export const lookUp = async (asking: Asking, keys: readonly string[]): Promise<PaymentLookup[]> => {
  const [only] = keys;
  if (only !== undefined && keys.length === 1) return [await lookUpOne(asking, only)];
  const lookups: PaymentLookup[] = [];
  for (let from = 0; from < keys.length; from += BULK_LIMIT) {
    for (const lookup of await lookUpMany(asking, keys.slice(from, from + BULK_LIMIT))) lookups.push(lookup);
  }
  return lookups;
};

const lookUpOne = async (asking: Asking, key: string): Promise<PaymentLookup> => {
  const askedAt = Date.now();
  const answer = await callProvider(asking.dispatcher, asking.connection, asking.settings, {
    method: 'GET',
    path: `/v1/payments/by-key/${encodeURIComponent(key)}`,
  });
  if (answer.kind === 'no_answer') return unavailable(key);
  // A 404 of something else, such as a proxy or a wrong base URL, says nothing about the payment.
  if (answer.status === 404) return saysAbsent(answer.body) ? absent(asking, key, askedAt) : unavailable(key);
  const payment = answer.status === 200 ? paymentAnswer.safeParse(answer.body) : null;
  if (!payment?.success || payment.data.idempotency_key !== key) return unavailable(key);
  return { key, answer: { kind: 'found', outcome: toOutcome(payment.data) } };
};

const lookUpMany = async (asking: Asking, keys: readonly string[]): Promise<PaymentLookup[]> => {
  const askedAt = Date.now();
  const answer = await callProvider(asking.dispatcher, asking.connection, asking.settings, {
    method: 'POST',
    path: '/v1/payments/lookup',
    body: JSON.stringify({ keys }),
  });
  const parsed = answer.kind === 'answer' && answer.status === 200 ? lookupAnswer.safeParse(answer.body) : null;
  if (!parsed?.success) return keys.map(unavailable);
  const found = new Map(parsed.data.found.map((payment) => [payment.idempotency_key, payment]));
  const missing = new Set(parsed.data.absent);
  return keys.map((key) => {
    const payment = found.get(key);
    if (payment) return { key, answer: { kind: 'found', outcome: toOutcome(payment) } };
    return missing.has(key) ? absent(asking, key, askedAt) : unavailable(key);
  });
};

/**
 * Absence is final only when the lookup began after the last send had timed out and the provider's acceptance window was over
 * (R5). A payment whose time of sending is not known is never finally absent.
 */
const absent = ({ settings, sentAt }: Asking, key: string, askedAt: number): PaymentLookup => {
  const { timeoutMs, acceptanceWindowMs } = capabilitiesOf(settings);
  const sent = sentAt.get(key)?.getTime() ?? Number.POSITIVE_INFINITY;
  return { key, answer: { kind: askedAt > sent + timeoutMs + acceptanceWindowMs ? 'absent_final' : 'absent_so_far' } };
};

const unavailable = (key: string): PaymentLookup => ({ key, answer: { kind: 'unavailable' } });

const saysAbsent = (body: unknown): boolean => errorAnswer.safeParse(body).data?.error.code === 'payment_not_found';
