import { z } from 'zod';
import { fromWireId } from '../../domain/ids.js';
import type { StackState } from '../stack/state.js';

const books = z.object({ count: z.number(), duplicates: z.number(), webhooks_pending: z.number() });
const payment = z.object({ idempotency_key: z.string(), status: z.string(), amount: z.number() }).loose();
const page = z.object({ data: z.array(payment), next: z.number().nullable() });

const ask = async (stack: StackState, path: string): Promise<unknown> => {
  const answer = await fetch(`${stack.provider_url}${path}`, { headers: { authorization: `Bearer ${stack.provider_api_key}` } });
  if (!answer.ok) throw new Error(`the provider answered ${answer.status} to ${path}`);
  return answer.json();
};

/** The provider's own books: the truth that ours are compared with. */
export const providerBooks = async (stack: StackState): Promise<z.infer<typeof books>> => books.parse(await ask(stack, '/books'));

/** What the provider has of one batch, by our keys. */
export const providerPayments = async (stack: StackState, batchId: string): Promise<{ paid: number; returned: number; paidAmount: bigint }> => {
  const prefix = `item_${(fromWireId('batch', batchId) ?? '').replaceAll('-', '')}`;
  const found = { paid: 0, returned: 0, paidAmount: 0n };
  for (let after: number | null = -1; after !== null; ) {
    const answer: z.infer<typeof page> = page.parse(await ask(stack, `/books/payments?after=${after}&limit=1000`));
    for (const { idempotency_key, status, amount } of answer.data) {
      if (!idempotency_key.startsWith(prefix)) continue;
      if (status === 'returned') found.returned++;
      if (status !== 'paid') continue;
      found.paid++;
      found.paidAmount += BigInt(amount);
    }
    after = answer.next;
  }
  return found;
};
