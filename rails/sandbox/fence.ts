import { type Caller, callProvider } from './http.js';
import { BULK_LIMIT } from './settings.js';
import { fenceAnswer } from './wire.js';

interface Fenced {
  key: string;
  answer: 'fenced' | 'exists' | 'unavailable';
}

/**
 * Tells the provider never to accept these keys, in calls of up to 1,024. Only its own word counts: an answer that was lost may have
 * fenced or not, and asking again is harmless.
 */
export const fence = async (caller: Caller, keys: readonly string[]): Promise<Fenced[]> => {
  const answers: Fenced[] = [];
  for (let from = 0; from < keys.length; from += BULK_LIMIT) {
    for (const answer of await fenceMany(caller, keys.slice(from, from + BULK_LIMIT))) answers.push(answer);
  }
  return answers;
};

const fenceMany = async ({ dispatcher, connection, settings }: Caller, keys: readonly string[]): Promise<Fenced[]> => {
  const answer = await callProvider(dispatcher, connection, settings, {
    method: 'POST',
    path: '/v1/payments/fence',
    body: JSON.stringify({ keys }),
  });
  const parsed = answer.kind === 'answer' && answer.status === 200 ? fenceAnswer.safeParse(answer.body) : null;
  const fenced = new Set(parsed?.data?.fenced);
  const found = new Set(parsed?.data?.found.map((payment) => payment.idempotency_key));
  // A key that stands in both answers has a payment: the answer that costs nothing when it is wrong.
  return keys.map((key) => ({ key, answer: found.has(key) ? 'exists' : fenced.has(key) ? 'fenced' : 'unavailable' }));
};
