import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type Answer, json, problem, readBody, send } from './answer.js';
import type { Provider } from './provider.js';
import { getBookPayments, getBooks } from './routes/books.js';
import { postClock, postFaults, postWebhooks } from './routes/control.js';
import { getByKey, getPayments, postFence, postLookup } from './routes/look-up.js';
import { postBulk, postPayment } from './routes/payments.js';

/** The HTTP server: JSON in and out, with a bearer key for every path except /healthz. */
export const createProviderServer = (provider: Provider, apiKey: string): Server => {
  const expected = digest(`Bearer ${apiKey}`);
  const server = createServer((request, response) => {
    answerTo(provider, request, expected)
      .catch((error: unknown) => {
        // When the journal can't be written any more, every request ends here, because no answer could be kept.
        console.error(error);
        return problem(500, 'internal_error', 'the provider is broken; see its log');
      })
      .then((answer) => send(response, answer));
  });
  // Longer than callers keep idle connections, so that none is closed during a request.
  server.keepAliveTimeout = 75_000;
  return server;
};

const answerTo = async (provider: Provider, request: IncomingMessage, expected: Buffer): Promise<Answer> => {
  const url = new URL(request.url ?? '/', 'http://provider');
  if (url.pathname === '/healthz') return json(200, { status: 'ok' });
  const body = await readBody(request).catch(() => null);
  if (!timingSafeEqual(digest(request.headers.authorization ?? ''), expected))
    return problem(401, 'unauthorized', 'send the API key as a bearer token');
  if (body === null) return problem(413, 'too_large', 'at most 4 MiB');
  if (request.method === 'GET') return get(provider, url);
  if (request.method !== 'POST') return problem(405, 'method_not_allowed', 'GET or POST');
  const value = parse(body);
  return value === undefined ? problem(400, 'invalid_json', 'the body is no JSON') : post(provider, url, value, request);
};

const get = async (provider: Provider, url: URL): Promise<Answer> => {
  if (url.pathname === '/books') return getBooks(provider);
  if (url.pathname === '/books/payments') return getBookPayments(provider, url.searchParams);
  if (url.pathname === '/v1/payments') return getPayments(provider, url.searchParams);
  const prefix = '/v1/payments/by-key/';
  if (url.pathname.startsWith(prefix)) return getByKey(provider, decode(url.pathname.slice(prefix.length)));
  return problem(404, 'not_found', 'no such path');
};

const post = async (provider: Provider, url: URL, body: unknown, request: IncomingMessage): Promise<Answer> => {
  switch (url.pathname) {
    case '/v1/payments':
      return postPayment(provider, body, request.headers['idempotency-key'] as string | undefined, url.searchParams.get('settlement'));
    case '/v1/payments/bulk':
      return postBulk(provider, body);
    case '/v1/payments/lookup':
      return postLookup(provider, body);
    case '/v1/payments/fence':
      return postFence(provider, body);
    case '/control/faults':
      return postFaults(provider, body);
    case '/control/clock':
      return postClock(provider, body);
    case '/control/webhooks':
      return postWebhooks(provider, body);
    default:
      return problem(404, 'not_found', 'no such path');
  }
};

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const parse = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
};

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
