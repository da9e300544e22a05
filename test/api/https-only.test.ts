import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import { sendRaw } from './raw-http.js';
import { ROUTE_LIST, sampleRequest } from './sample-requests.js';

/** An installation whose callers use https. The tests connect over plain HTTP from 127.0.0.1, which one of the two APIs takes for its proxy. */
const PUBLIC_URL = 'https://pay.example';

let behindProxy: ApiWorld;
let reached: ApiWorld;
const tokens = new Map<ApiWorld, string>();
beforeAll(async () => {
  behindProxy = await openApiWorld({ publicUrl: PUBLIC_URL, trustedProxies: ['127.0.0.0/8'] });
  reached = await openApiWorld({ publicUrl: PUBLIC_URL, trustedProxies: ['192.0.2.1/32'] });
  for (const api of [behindProxy, reached]) tokens.set(api, (await api.member('admin')).token);
});
afterAll(async () => {
  await behindProxy?.close();
  await reached?.close();
});

/** A call with a session that is good. */
const ask = async (api: ApiWorld, scheme: string | undefined, path = '/v1/payees') => {
  api.calls.length = 0;
  return api.call(path, { token: tokens.get(api) ?? '', headers: scheme === undefined ? {} : { 'x-forwarded-proto': scheme } });
};
const REFUSED = [403, 'https_required', null];
const verdictOf = ({ status, json, headers }: Awaited<ReturnType<typeof ask>>) => [status, json['code'], headers.get('location')];

describe('over plain HTTP', () => {
  test.each([undefined, '', 'http', 'ws', 'HTTP', 'https, http', 'http, https', 'https,', 'https,https,http', 'httpsx', '"https"'])(
    'a request of which the proxy says %j is refused without a redirect, and nothing is read [S5-02]',
    async (scheme) => {
      expect([scheme, ...verdictOf(await ask(behindProxy, scheme))]).toEqual([scheme, ...REFUSED]);
      expect(behindProxy.calls).toEqual([]);
    },
  );

  test('two lines of the header are two values', async () => {
    const head = ['GET /v1/payees HTTP/1.1', 'Host: pay.example', `Authorization: Bearer ${tokens.get(behindProxy)}`];
    const sent = async (...schemes: string[]) =>
      (await sendRaw(behindProxy.url, [...head, ...schemes.map((scheme) => `X-Forwarded-Proto: ${scheme}`)])).status;
    expect([await sent('https', 'http'), await sent('http', 'https'), await sent('https')]).toEqual([403, 403, 200]);
  });

  test('nobody but a trusted proxy says that it was TLS: no header, and no request line [S5-02]', async () => {
    expect(verdictOf(await ask(reached, 'https'))).toEqual(REFUSED);
    const head = [`GET ${PUBLIC_URL}/v1/payees HTTP/1.1`, 'Host: pay.example', `Authorization: Bearer ${tokens.get(reached)}`];
    const { status, text } = await sendRaw(reached.url, [...head, 'Forwarded: proto=https', 'X-Forwarded-Ssl: on', 'Front-End-Https: on']);
    expect([status, text]).toEqual([403, expect.stringContaining('https_required')]);
  });

  test.each(ROUTE_LIST)('%s is closed', async (id, shape) => {
    const { path, ...request } = sampleRequest(id, shape);
    expect(verdictOf(await reached.call(path, request))).toEqual(REFUSED);
  });

  test.each(['/', '/docs', '/openapi.json', '/.well-known/security.txt', '/v1/nothing', '/healthz/x', '/v1/payees?/healthz'])(
    '%s is closed',
    async (path) => expect(verdictOf(await reached.call(path))).toEqual(REFUSED),
  );

  test('the refusal says where to call, and that the credential has to be replaced', async () => {
    const { json, text, headers } = await ask(behindProxy, 'http');
    expect(json['detail']).toMatch(/^This request came without TLS\. Call https:\/\/pay\.example, and replace the credential/);
    expect([headers.get('content-type'), text.includes(tokens.get(behindProxy) ?? '')]).toEqual(['application/problem+json; charset=utf-8', false]);
  });

  test.each(['/healthz', '/readyz'])('a probe asks %s', async (path) => {
    expect((await reached.call(path)).status).toBe(200);
  });
});

describe('over TLS', () => {
  test.each(['https', 'https, https'])('a request of which the proxy says %j is answered', async (scheme) => {
    expect((await ask(behindProxy, scheme)).status).toBe(200);
  });

  test.each(['/v1/payees', '/v1/nothing', '/docs'])('the answer to %s keeps browsers at TLS for a year [S5-02]', async (path) => {
    const { headers } = await ask(behindProxy, 'https', path);
    const [, seconds] = /^max-age=(\d+); includeSubDomains$/.exec(headers.get('strict-transport-security') ?? '') ?? [];
    expect(Number(seconds)).toBeGreaterThanOrEqual(31_536_000);
  });

  test('answers of the API load nothing, are framed by nobody, and are stored nowhere', async () => {
    const { headers } = await ask(behindProxy, 'https');
    expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none';form-action 'none'");
    expect([headers.get('cache-control'), headers.get('x-content-type-options')]).toEqual(['no-store', 'nosniff']);
  });
});
