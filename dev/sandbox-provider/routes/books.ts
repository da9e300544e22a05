import { z } from 'zod';
import { type Answer, json, problem } from '../answer.js';
import type { Provider } from '../provider.js';

/** GET /books: the sums of the books. Amounts are decimal strings of minor units, because they may exceed 2^53. */
export const getBooks = async (provider: Provider): Promise<Answer> => {
  await provider.books.durable();
  const { books } = provider;
  const totals = books.payments.totals();
  const count = totals.filter(({ status }) => status !== 'declined').reduce((sum, total) => sum + total.count, 0);
  return json(200, {
    object: 'books',
    /** Accepted payments, without the declined ones. */
    count,
    declined: books.payments.count - count,
    /** Payments accepted more than once under one key. Anything except 0 is money paid twice. */
    duplicates: books.duplicates.count,
    duplicate_amount: `${books.duplicates.amount}`,
    totals: totals.map((total) => ({ ...total, amount: `${total.amount}` })),
    /** Since the process started. */
    requests: provider.requests,
    webhooks_pending: books.pending.size,
    clock: new Date(books.now()).toISOString(),
  });
};

const pageQuery = z.object({ after: z.coerce.number().int().min(-1).default(-1), limit: z.coerce.number().int().min(1).max(10_000).default(1000) });

/** GET /books/payments?after=&limit=: every payment in the order of the books; `next` is null on the last page. */
export const getBookPayments = async (provider: Provider, query: URLSearchParams): Promise<Answer> => {
  const parsed = pageQuery.safeParse(Object.fromEntries(query));
  if (!parsed.success) return problem(400, 'invalid_request', 'after is the last index seen, limit 1 to 10000');
  await provider.books.durable();
  const { payments } = provider.books;
  const from = parsed.data.after + 1;
  const to = Math.min(from + parsed.data.limit, payments.count);
  const data = Array.from({ length: Math.max(0, to - from) }, (_, i) => {
    const entry = payments.read(from + i);
    return { index: entry.index, ...provider.books.view(entry), declined: entry.status === 'declined' };
  });
  return json(200, { object: 'list', data, next: to < payments.count ? to - 1 : null });
};
