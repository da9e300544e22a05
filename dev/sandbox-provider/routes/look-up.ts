import { type Answer, invalid, json, problem } from '../answer.js';
import type { Provider } from '../provider.js';
import { fenceBody, listQuery, lookupBody } from '../wire.js';

/** GET /v1/payments/by-key/:key */
export const getByKey = async (provider: Provider, key: string): Promise<Answer> => {
  if (lookupFails(provider, key)) return problem(503, 'unavailable', 'lookup is not available');
  await provider.books.durable();
  const index = provider.books.payments.find(key);
  if (index === undefined) return problem(404, 'payment_not_found', 'no payment has this key');
  if (provider.books.isSilent(index)) return problem(503, 'unavailable', 'lookup is not available for this payment yet');
  return json(200, provider.books.view(provider.books.payments.read(index)));
};

/** POST /v1/payments/lookup. A payment of which lookups do not answer yet is in neither list. */
export const postLookup = async (provider: Provider, body: unknown): Promise<Answer> => {
  const parsed = lookupBody.safeParse(body);
  if (!parsed.success) return invalid(parsed.error);
  if (lookupFails(provider, parsed.data.keys[0] as string)) return problem(503, 'unavailable', 'lookup is not available');
  await provider.books.durable();
  const { payments } = provider.books;
  const places = parsed.data.keys.map((key) => [key, payments.find(key)] as const);
  return json(200, {
    found: places.flatMap(([, index]) => (index === undefined || provider.books.isSilent(index) ? [] : [provider.books.view(payments.read(index))])),
    absent: places.flatMap(([key, index]) => (index === undefined ? [key] : [])),
  });
};

/** POST /v1/payments/fence: keys that are never accepted from now on. A key whose payment is in the books already is `found` instead. */
export const postFence = async (provider: Provider, body: unknown): Promise<Answer> => {
  const parsed = fenceBody.safeParse(body);
  if (!parsed.success) return invalid(parsed.error);
  const { books, faults } = provider;
  const [first] = parsed.data.keys as [string];
  const draw = `${first} ${faults.countTry(`fence ${first}`)}`;
  if (faults.hits('fence_unavailable', draw)) return problem(503, 'unavailable', 'fencing is not available');
  const places = parsed.data.keys.map((key) => [key, books.payments.find(key)] as const);
  const fenced = places.flatMap(([key, index]) => (index === undefined ? [key] : []));
  const fresh = fenced.filter((key) => !books.fenced.has(key));
  if (fresh.length > 0) books.commit(['fenced', books.now(), fresh]);
  await books.durable();
  if (faults.hits('fence_unanswered', draw)) return problem(500, 'internal_error', 'something went wrong');
  const found = places.flatMap(([, index]) => (index === undefined ? [] : [books.view(books.payments.read(index))]));
  return json(200, { fenced, found });
};

const LIST_PAGE = 1000;

/** GET /v1/payments?since=&after=: payments that were taken in or changed since a time of the provider's clock, in the order of the books. */
export const getPayments = async (provider: Provider, query: URLSearchParams): Promise<Answer> => {
  const parsed = listQuery.safeParse(Object.fromEntries(query));
  if (!parsed.success) return invalid(parsed.error);
  const { since, after } = parsed.data;
  if (provider.faults.hits('list_unavailable', `${after} ${provider.faults.countTry(`list ${after}`)}`))
    return problem(503, 'unavailable', 'the list is not available');
  await provider.books.durable();
  const { payments } = provider.books;
  const from = new Date(since).getTime();
  const indexes: number[] = [];
  let index = after + 1;
  for (; index < payments.count && indexes.length < LIST_PAGE; index++) if (payments.changedAt(index) >= from) indexes.push(index);
  const data = indexes.map((each) => provider.books.view(payments.read(each)));
  return json(200, { object: 'list', data, next: index < payments.count ? `${index - 1}` : null });
};

const lookupFails = (provider: Provider, key: string): boolean =>
  provider.faults.hits('lookup_unavailable', `${key} ${provider.faults.countTry(`lookup ${key}`)}`);
