import type { PaymentList } from '../../operations/rail.js';
import { type Caller, callProvider } from './http.js';
import { listAnswer, toOutcome } from './wire.js';

/** One page of the payments that the provider took in or changed since then, on its own clock. */
export const listSince = async ({ dispatcher, connection, settings }: Caller, since: Date, after: string | null): Promise<PaymentList> => {
  const query = new URLSearchParams({ since: since.toISOString(), ...(after === null ? {} : { after }) });
  const answer = await callProvider(dispatcher, connection, settings, { method: 'GET', path: `/v1/payments?${query}` });
  const parsed = answer.kind === 'answer' && answer.status === 200 ? listAnswer.safeParse(answer.body) : null;
  if (!parsed?.success) return { unavailable: true };
  return { outcomes: parsed.data.data.map(toOutcome), next: parsed.data.next };
};
