import { expect, test } from '@jest/globals';
import { createClient } from '../../client/client.js';
import type { Standing } from '../../client/watch.js';

const problemOf = (code: string, status: number): Response =>
  new Response(JSON.stringify({ type: 't', title: code, status, detail: code, code, request_id: 'r' }), {
    status,
    headers: { 'content-type': 'application/problem+json' },
  });

/** What a caller is told of a top-up whose tries are answered so, and of one that only reads. */
const toldOf = async (...answers: (Response | Error)[]) => {
  const told: [string, Standing, string | null][] = [];
  let isReplay = false;
  const client = createClient({
    baseUrl: 'http://api',
    token: 't',
    idempotencyKey: 'mine',
    retry: { attempts: answers.length, attemptsInFlight: answers.length, sleep: async () => {} },
    watch: ({ route, idempotencyKey }, standing) => void told.push([route, standing, idempotencyKey]),
    fetch: (async () => {
      const next = answers.shift();
      if (next instanceof Response) return next;
      throw next;
    }) as unknown as typeof fetch,
  });
  const onReplay = () => {
    isReplay = true;
  };
  await client.top_up({ account_id: 'acct_1', amount: 1 }, { onReplay }).catch(() => undefined);
  return { told, isReplay };
};

const done = (headers: Record<string, string> = {}): Response =>
  new Response('{}', { status: 201, headers: { 'content-type': 'application/json', ...headers } });

test.each([
  ['an answer', () => [done()], 'done'],
  ['an answer after a lost one', () => [new TypeError('fetch failed'), done()], 'done'],
  ['a refusal', () => [problemOf('invalid_request', 422)], 'refused'],
  ['no answer', () => [new TypeError('fetch failed')], 'unknown'],
  ['a fault of the server', () => [problemOf('internal', 500)], 'unknown'],
  ['a first request that still runs', () => [problemOf('idempotency_in_flight', 409)], 'unknown'],
] as const)('%s: the request is told once when it leaves, and once how it ended', async (_what, answers, standing) => {
  const { told } = await toldOf(...answers());
  expect(told).toEqual([
    ['top_up', 'sent', 'mine'],
    ['top_up', standing, 'mine'],
  ]);
});

test('an answer or a refusal that was stored under the key is told as such', async () => {
  const replayed = { 'idempotent-replayed': 'true' };
  const refusal = problemOf('invalid_request', 422);
  refusal.headers.set('idempotent-replayed', 'true');
  expect((await toldOf(done(replayed))).isReplay).toBe(true);
  expect((await toldOf(refusal)).isReplay).toBe(true);
  expect((await toldOf(done())).isReplay).toBe(false);
});
