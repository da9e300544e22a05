import { type Answer, invalid, json, problem } from '../answer.js';
import type { BookEntry } from '../columns.js';
import { isBeforeAccept, type RequestFault } from '../faults.js';
import { type Behaviour, behaviourOf } from '../magic.js';
import type { Provider } from '../provider.js';
import { type Incoming, type Taken, takeIn } from '../take-in.js';
import { bulkBody, idempotencyKey, paymentBody, type SettlementMode, settlementMode } from '../wire.js';

/** POST /v1/payments: one payment; its key is the header, its settlement mode a query parameter. */
export const postPayment = async (provider: Provider, body: unknown, key: string | undefined, settlement: string | null): Promise<Answer> => {
  const parsedKey = idempotencyKey.safeParse(key);
  if (!parsedKey.success) return problem(400, 'idempotency_key_missing', 'send an Idempotency-Key header');
  const mode = settlementMode.safeParse(settlement ?? 'immediate');
  if (!mode.success) return problem(400, 'invalid_request', 'settlement is immediate or async');
  const parsed = paymentBody.safeParse(body);
  if (!parsed.success) return invalid(parsed.error);
  const payment = { key: parsedKey.data, body: parsed.data, behaviour: behaviourOf(parsed.data.destination) };
  const fault = magicFault(provider, payment) ?? provider.faults.ofRequest(payment.key);
  if (fault && isBeforeAccept(fault)) return faultAnswer(provider, fault);
  const [taken] = await take(provider, [payment], mode.data, slowness(payment.behaviour));
  if (fault) return faultAnswer(provider, fault);
  return singleAnswer(provider, taken as Taken);
};

/** POST /v1/payments/bulk: up to 1,024 payments, each with its key and outcome. The call succeeds even when payments fail. */
export const postBulk = async (provider: Provider, body: unknown): Promise<Answer> => {
  const parsed = bulkBody.safeParse(body);
  if (!parsed.success) return invalid(parsed.error);
  const payments = parsed.data.payments.map(({ idempotency_key: key, ...rest }): Incoming => {
    return { key, body: rest, behaviour: behaviourOf(rest.destination) };
  });
  const fault = provider.faults.ofRequest((payments[0] as Incoming).key);
  if (fault && isBeforeAccept(fault)) return faultAnswer(provider, fault);
  const errors = new Map(
    payments.map((payment, i) => [i, magicFault(provider, payment)]).filter((each): each is [number, RequestFault] => !!each[1]),
  );
  const accepted = payments.filter((_, i) => {
    const error = errors.get(i);
    return !(error && isBeforeAccept(error)) && !(fault === 'error_half_way' && i >= payments.length / 2);
  });
  const taken = await take(provider, accepted, parsed.data.settlement, Math.max(0, ...accepted.map(({ behaviour }) => slowness(behaviour))));
  if (fault) return faultAnswer(provider, fault);
  let next = 0;
  const results = payments.map(({ key }, i) => {
    const error = errors.get(i);
    const result = error && isBeforeAccept(error) ? null : (taken[next++] as Taken);
    return error || !result
      ? { idempotency_key: key, error: { code: error === 'rate_limited' ? 'rate_limited' : 'no_answer' } }
      : bulkResult(provider, result);
  });
  return json(200, { results });
};

/** Adds payments to the books and waits until they are on the disk, then for the latency. */
const take = async (provider: Provider, payments: readonly Incoming[], settlement: SettlementMode, slowMs: number): Promise<Taken[]> => {
  const taken = takeIn(provider.books, provider.faults, payments, { settlement, settleMs: provider.settleMs });
  provider.count(taken);
  provider.schedule();
  await provider.books.durable();
  const wait = provider.faults.latencyMs + slowMs;
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  return taken;
};

const magicFault = (provider: Provider, { key, behaviour }: Incoming): RequestFault | null => {
  if (behaviour?.kind === 'lookup_only' || behaviour?.kind === 'silent') return 'reset_after_accept';
  if (behaviour?.kind !== 'first_request') return null;
  return provider.faults.countTry(`magic ${key}`) === 0 ? behaviour.fault : null;
};

const slowness = (behaviour: Behaviour | null): number => (behaviour?.kind === 'slow' ? behaviour.ms : 0);

const faultAnswer = (provider: Provider, fault: RequestFault): Answer => {
  switch (fault) {
    case 'error_before_accept':
      return problem(503, 'unavailable', 'try again later');
    case 'error_after_accept':
    case 'error_half_way':
      return problem(500, 'internal_error', 'something went wrong');
    case 'rate_limited':
      return problem(429, 'rate_limited', 'too many requests', { 'retry-after': `${provider.faults.settings.retry_after_s}` });
    case 'malformed_answer':
      return { kind: 'text', status: 200, text: '{"object":"payment","status":"pa' };
    case 'timeout_after_accept':
      return { kind: 'silence' };
    case 'reset_before_accept':
    case 'reset_after_accept':
      return { kind: 'reset' };
  }
};

const singleAnswer = (provider: Provider, taken: Taken): Answer => {
  if (taken.kind === 'mismatch') return problem(409, 'idempotency_mismatch', 'this key was used for another payment');
  if (taken.kind === 'fenced') return problem(409, 'key_fenced', 'a fence keeps this key from ever being accepted');
  const payment = provider.books.firstView(taken.entry);
  const headers: Record<string, string> = taken.kind === 'replayed' ? { 'idempotent-replayed': 'true' } : {};
  if (taken.entry.first === 'declined') {
    return json(422, { error: { code: declineCode(taken.entry), message: 'the payment was declined' }, payment }, headers);
  }
  return json(taken.kind === 'replayed' ? 200 : 201, payment, headers);
};

const bulkResult = (provider: Provider, taken: Taken): unknown => {
  if (taken.kind === 'mismatch') return { idempotency_key: taken.key, error: { code: 'idempotency_mismatch' } };
  if (taken.kind === 'fenced') return { idempotency_key: taken.key, error: { code: 'key_fenced' } };
  if (taken.entry.first === 'declined') return { idempotency_key: taken.entry.key, error: { code: declineCode(taken.entry) } };
  return provider.books.firstView(taken.entry);
};

const declineCode = (entry: BookEntry): string => entry.reason ?? 'declined';
