import { setTimeout as delay } from 'node:timers/promises';
import { type PaymentOutcome, unknownOutcome } from '../../domain/item/evidence.js';
import type { RenderedPayment, Sending } from '../../operations/rail.js';
import { type Caller, callProvider, type HttpAnswer, type HttpCall } from './http.js';
import { outcomeOfError } from './rejections.js';
import { renderBulk } from './render.js';
import { BULK_LIMIT } from './settings.js';
import { bulkAnswer, errorAnswer, paymentAnswer, toOutcome } from './wire.js';

/** How often a call that got a 429 is repeated, and the longest wait before it. After that its payments are unknown, and looked up. */
const TRIES_MAX = 5;
const WAIT_MAX_MS = 10_000;

interface Sender extends Caller {
  sending: Sending;
}

/** Sends payments in calls of up to 1,024, one after the other. */
export const sendBulk = async (sender: Sender, payments: readonly RenderedPayment[]): Promise<PaymentOutcome[]> => {
  const outcomes: PaymentOutcome[] = [];
  for (let from = 0; from < payments.length; from += BULK_LIMIT) {
    const part = payments.slice(from, from + BULK_LIMIT);
    const body = renderBulk(sender.settings.settlement, part);
    const answer = await callWithinLease(sender, { method: 'POST', path: '/v1/payments/bulk', body });
    for (const outcome of readBulk(answer, part, sender.sending.kind)) outcomes.push(outcome);
    sender.sending.onProgress(outcomes.length);
  }
  return outcomes;
};

/** Sends each payment in a call of its own, `concurrency` of them at once. */
export const sendSingle = async (sender: Sender, payments: readonly RenderedPayment[]): Promise<PaymentOutcome[]> => {
  const outcomes: PaymentOutcome[] = new Array(payments.length);
  const path = `/v1/payments?settlement=${sender.settings.settlement}`;
  let next = 0;
  let sent = 0;
  const sendNext = async (): Promise<void> => {
    for (let i = next++; i < payments.length; i = next++) {
      const { key, body } = payments[i] as RenderedPayment;
      const answer = await callWithinLease(sender, { method: 'POST', path, body, headers: { 'idempotency-key': key } });
      outcomes[i] = readSingle(answer, key, sender.sending.kind);
      sender.sending.onProgress(++sent);
    }
  };
  await Promise.all(Array.from({ length: Math.min(sender.settings.concurrency, payments.length) }, sendNext));
  return outcomes;
};

/**
 * Makes a call only while the lease lasts, and repeats it after a 429 that says when. A call that has begun runs until its own
 * time-out, which the lease outlasts (R2).
 */
const callWithinLease = async ({ dispatcher, connection, settings, sending }: Sender, call: HttpCall): Promise<HttpAnswer> => {
  for (let tries = 1; ; tries++) {
    if (sending.signal.aborted) return { kind: 'no_answer', reason: 'lease_ended' };
    const answer = await callProvider(dispatcher, connection, settings, call);
    if (answer.kind === 'no_answer' || answer.status !== 429) return answer;
    if (answer.retryAfterMs === null || answer.retryAfterMs > WAIT_MAX_MS || tries === TRIES_MAX) return answer;
    await delay(answer.retryAfterMs, undefined, { signal: sending.signal }).catch(() => {});
  }
};

const readSingle = (answer: HttpAnswer, key: string, kind: Sending['kind']): PaymentOutcome => {
  if (answer.kind === 'no_answer') return unknownOutcome(key, answer.reason);
  if (answer.status === 422) {
    const error = errorAnswer.safeParse(answer.body);
    return error.success ? outcomeOfError(key, error.data.error.code, kind) : unknownOutcome(key, 'malformed_answer');
  }
  if (answer.status !== 200 && answer.status !== 201) return unknownOutcome(key, refusal(answer));
  const payment = paymentAnswer.safeParse(answer.body);
  return payment.success && payment.data.idempotency_key === key ? toOutcome(payment.data) : unknownOutcome(key, 'malformed_answer');
};

const readBulk = (answer: HttpAnswer, payments: readonly RenderedPayment[], kind: Sending['kind']): PaymentOutcome[] => {
  const all = (reason: string) => payments.map(({ key }) => unknownOutcome(key, reason));
  if (answer.kind === 'no_answer') return all(answer.reason);
  if (answer.status !== 200) return all(refusal(answer));
  const parsed = bulkAnswer.safeParse(answer.body);
  if (!parsed.success) return all('malformed_answer');
  const results = new Map(parsed.data.results.map((result) => [result.idempotency_key, result]));
  return payments.map(({ key }) => {
    const result = results.get(key);
    if (!result) return unknownOutcome(key, 'missing_in_answer');
    return 'error' in result ? outcomeOfError(key, result.error.code, kind) : toOutcome(result);
  });
};

/** The provider's code if it gave one. It is for people to read and decides nothing. */
const refusal = (answer: HttpAnswer & { kind: 'answer' }): string => {
  const error = errorAnswer.safeParse(answer.body);
  return error.success ? error.data.error.code : `http_${answer.status}`;
};
