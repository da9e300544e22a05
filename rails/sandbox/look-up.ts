import type { PaymentLookup } from '../../operations/rail.js';
import { type Caller, callProvider } from './http.js';
import { BULK_LIMIT, capabilitiesOf } from './settings.js';
import { errorAnswer, lookupAnswer, paymentAnswer, toOutcome } from './wire.js';

interface Asking extends Caller {
  /** For how long nothing of a payment can have left, ms, by key. */
  silentMs: ReadonlyMap<string, number>;
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
  const answer = await callProvider(asking.dispatcher, asking.connection, asking.settings, {
    method: 'GET',
    path: `/v1/payments/by-key/${encodeURIComponent(key)}`,
  });
  if (answer.kind === 'no_answer') return unavailable(key);
  // A 404 of something else, such as a proxy or a wrong base URL, says nothing about the payment.
  if (answer.status === 404) return saysAbsent(answer.body) ? absent(asking, key) : unavailable(key);
  const payment = answer.status === 200 ? paymentAnswer.safeParse(answer.body) : null;
  if (!payment?.success || payment.data.idempotency_key !== key) return unavailable(key);
  return { key, answer: { kind: 'found', outcome: toOutcome(payment.data) } };
};

const lookUpMany = async (asking: Asking, keys: readonly string[]): Promise<PaymentLookup[]> => {
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
    return missing.has(key) ? absent(asking, key) : unavailable(key);
  });
};

/**
 * Absence is final only when the lookup began after the provider's acceptance window was over, counted from the last moment at which the
 * payment may have left and timed out (R5). A payment of which that is not known is never finally absent.
 */
const absent = ({ settings, silentMs }: Asking, key: string): PaymentLookup => {
  const { timeoutMs, acceptanceWindowMs } = capabilitiesOf(settings);
  const silent = silentMs.get(key) ?? Number.NEGATIVE_INFINITY;
  return { key, answer: { kind: silent > timeoutMs + acceptanceWindowMs ? 'absent_final' : 'absent_so_far' } };
};

const unavailable = (key: string): PaymentLookup => ({ key, answer: { kind: 'unavailable' } });

const saysAbsent = (body: unknown): boolean => errorAnswer.safeParse(body).data?.error.code === 'payment_not_found';
