import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { problem } from '../../contracts/wire.js';
import { PROBLEMS } from '../../domain/problems.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import type { Person } from '../world/people.js';
import { GUARDED, ROUTE_LIST, sampleRequest } from './sample-requests.js';

let world: ApiWorld;
let token: string;
let person: Person;

beforeAll(async () => {
  world = await openApiWorld();
  ({ token, person } = await world.member('admin'));
});
afterAll(() => world.close());

describe('request ids', () => {
  test('a well-formed one is kept, any other is replaced, and every answer has one', async () => {
    expect((await world.call('/healthz', { headers: { 'request-id': 'caller-0001' } })).headers.get('request-id')).toBe('caller-0001');
    for (const insane of ['short', 'x'.repeat(65), 'with space 123', '<script>alert(1)</script>'])
      expect((await world.call('/healthz', { headers: { 'request-id': insane } })).headers.get('request-id')).toMatch(/^req_[0-9a-f]{32}$/);
  });

  test('the trace id of the caller becomes the request id where none was given', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    expect((await world.call('/healthz', { headers: { traceparent } })).headers.get('request-id')).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
  });
});

describe('problems', () => {
  test.each(ROUTE_LIST)('%s answers problems of RFC 9457 with a code of the registry', async (id, shape) => {
    const { path, ...request } = sampleRequest(id, shape);
    const answer = await world.call(path, {
      ...request,
      body: shape.body ? '{' : undefined,
      headers: { ...request.headers, 'content-type': 'application/json' },
      token: 'x',
    });
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    const parsed = problem.parse(answer.json);
    expect(PROBLEMS[parsed.code as keyof typeof PROBLEMS].status).toBe(answer.status);
    expect([parsed.status, parsed.request_id]).toEqual([answer.status, answer.headers.get('request-id')]);
  });

  test('an unknown path is not found, and an unknown method is named with those allowed', async () => {
    expect((await world.call('/v1/nothing', { token })).json['code']).toBe('not_found');
    const wrong = await world.call('/v1/payees', { token, method: 'PUT' });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST, GET']);
  });

  test('invalid fields are named with a reason, and no value is repeated', async () => {
    const body = { reference: 'has spaces 4711', name: '', country: 'Deutschland', iban: 'X'.repeat(60) };
    const answer = await world.call('/v1/payees', { method: 'POST', token, body });
    expect(answer.status).toBe(422);
    expect((answer.json['errors'] as { field: string }[]).map(({ field }) => field).sort()).toEqual(['country', 'iban', 'name', 'reference']);
    for (const value of Object.values(body).filter(Boolean)) expect(answer.text).not.toContain(value);
  });

  test('a body with broken JSON, of another type or too large is refused', async () => {
    const post = (body: string, type: string) => world.call('/v1/payees', { method: 'POST', token, body, headers: { 'content-type': type } });
    expect((await post('{"a":', 'application/json')).json['code']).toBe('malformed_json');
    expect((await post('a=b', 'application/x-www-form-urlencoded')).json['code']).toBe('unsupported_media_type');
    expect((await post(JSON.stringify({ name: 'x'.repeat(300_000) }), 'application/json')).json['code']).toBe('payload_too_large');
  });

  test("a field that is missing is called required, in words that are not a library's", async () => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'missing-fields' };
    const { status, json } = await world.call('/v1/payees', { method: 'POST', token, body: '{}', headers });
    expect(status).toBe(422);
    expect(json['errors']).toContainEqual({ field: 'name', reason: 'invalid_type', message: 'this field is required' });
  });

  test('an error inside the server is `internal` and does not say why', async () => {
    const broken = await openApiWorld({
      hashToken: () => {
        throw new Error('the secret reason');
      },
    });
    const answer = await broken.call('/v1/payees', { token: 'x' });
    expect([answer.status, answer.json['code']]).toEqual([500, 'internal']);
    expect(answer.text).not.toContain('secret reason');
    expect(broken.logged.join()).toContain('the secret reason');
    await broken.close();
  });

  test.each(GUARDED.filter(([, shape]) => shape.idempotency === 'required'))('%s without an Idempotency-Key is refused', async (id, shape) => {
    const { path, headers: _key, ...request } = sampleRequest(id, shape);
    expect((await world.call(path, { ...request, token })).json['code']).toBe('idempotency_key_missing');
  });
});

describe('credentials', () => {
  test('a key is taken as a bearer token and as X-Api-Key, and a header wins over a cookie [S2-09]', async () => {
    const key = await world.apiKey(person, ['payees.read']);
    expect((await world.call('/v1/payees', { token: key.token })).status).toBe(200);
    expect((await world.call('/v1/payees', { headers: { 'x-api-key': key.token } })).status).toBe(200);
    expect((await world.call('/v1/payees', { headers: { 'x-api-key': 'wrong', cookie: `__Host-sluice=${token}` } })).status).toBe(401);
  });

  test('a key is shown once: not in the list, and not on a replay [S2-12]', async () => {
    const body = { name: 'once', scopes: ['batches.read'], code: await world.freshCode(person) };
    const request = { method: 'POST', token, body, headers: { 'idempotency-key': 'once-1' } };
    const made = await world.call('/v1/api-keys', request);
    expect(made.status).toBe(201);
    const secret = String(made.json['secret']);
    expect(secret).toMatch(/^slk_test_/);
    const replay = await world.call('/v1/api-keys', request);
    expect([replay.status, replay.json['code']]).toEqual([409, 'secret_not_replayable']);
    for (const { text } of [replay, await world.call('/v1/api-keys', { token })]) expect(text).not.toContain(secret);
  });

  test('the first answer is replayed, and says so; another input is refused', async () => {
    const request = {
      method: 'POST',
      token,
      body: { reference: 'replayed-1', name: 'R', country: 'DE', account_token: 'acct_ok_1' },
      headers: { 'idempotency-key': 'again-1' },
    };
    const [first, second] = [await world.call('/v1/payees', request), await world.call('/v1/payees', request)];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.text).toBe(first.text);
    expect([first.headers.get('idempotent-replayed'), second.headers.get('idempotent-replayed')]).toEqual([null, 'true']);
    const other = await world.call('/v1/payees', { ...request, body: { ...request.body, name: 'S' } });
    expect(other.json['code']).toBe('idempotency_key_reused');
  });

  test('a browser gets a host-bound, HttpOnly, Secure, SameSite=Lax cookie and no token that scripts can read [S4-13]', async () => {
    const fresh = await world.person('auditor', [world.home.tenantId]);
    const body = { email: fresh.email, password: fresh.password, code: await world.code(fresh) };
    const answer = await world.call('/v1/sessions', { method: 'POST', body, headers: { 'sec-fetch-site': 'same-origin' } });
    expect(answer.status).toBe(201);
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^__Host-sluice=sluice_session_/);
    for (const flag of ['HttpOnly', 'Secure', 'SameSite=Lax', 'Path=/']) expect(cookie).toContain(flag);
    expect(cookie).not.toContain('Domain');
    expect(answer.json['token']).toBeUndefined();
    const kept = cookie.split(';')[0] ?? '';
    expect((await world.call('/v1/sessions/current', { headers: { cookie: kept } })).json['person']).toMatchObject({ email: fresh.email });
    const ended = await world.call('/v1/sessions/current', { method: 'DELETE', headers: { cookie: kept, 'sec-fetch-site': 'same-origin' } });
    expect(ended.headers.get('set-cookie')).toMatch(/^__Host-sluice=;.*1970/);
    expect((await world.call('/v1/sessions/current', { headers: { cookie: kept } })).json['code']).toBe('session_expired');
  });

  const unsafe = GUARDED.filter(([, { method }]) => method !== 'GET');
  test.each(unsafe)('%s with the cookie alone is refused to pages of other origins, before any read', async (id, shape) => {
    const { path, ...request } = sampleRequest(id, shape);
    const cookie = `__Host-sluice=${token}`;
    world.calls.length = 0;
    for (const forged of [
      {},
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'null' },
    ]) {
      const answer = await world.call(path, { ...request, headers: { ...request.headers, ...(forged as Record<string, string>), cookie } });
      expect([answer.status, answer.json['code']]).toEqual([403, 'forbidden']);
    }
    expect(world.calls).toEqual([]);
  });

  test('a page of our own origin may use the cookie', async () => {
    const headers = { cookie: `__Host-sluice=${token}`, origin: world.url };
    expect(
      (
        await world.call('/v1/payees', {
          method: 'POST',
          headers,
          body: { reference: 'own-1', name: 'O', country: 'DE', account_token: 'acct_ok_2' },
        })
      ).status,
    ).toBe(201);
  });
});

test('no body, no credential and no code reaches the log, on any route [S3-23] [S4-18]', async () => {
  world.logged.length = 0;
  const secrets = new Set<string>([token]);
  const collect = (value: unknown): void => {
    if (typeof value === 'string' && value.length > 4) secrets.add(value);
    else if (value && typeof value === 'object') for (const member of Object.values(value)) collect(member);
  };
  for (const [id, shape] of ROUTE_LIST.filter(([id]) => id !== 'end_session')) {
    const { path, ...request } = sampleRequest(id, shape);
    collect(request.body);
    await world.call(path, { ...request, token });
    await world.call(path, { ...request, headers: { ...request.headers, 'x-api-key': token, cookie: `__Host-sluice=${token}` } });
  }
  const log = world.logged.join('');
  expect(world.logged.length).toBeGreaterThan(ROUTE_LIST.length);
  // Names of routes and permissions are in the requests and in the log, and are no secrets.
  const names = JSON.stringify(ROUTE_LIST);
  for (const secret of secrets) if (!names.includes(secret)) expect(log).not.toContain(secret);
});

describe('pages', () => {
  test('the page at /docs and everything it is made of names no other host', async () => {
    const page = await world.call('/docs');
    const sources = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source ?? '');
    expect(sources).toEqual(['/docs/reference.js', '/docs/start.js']);
    const policy = page.headers.get('content-security-policy') ?? '';
    // The browser may load from and talk to this origin only, whatever the bundle contains.
    for (const part of policy.split(';')) expect(part).toMatch(/^[a-z-]+( ('self'|'none'|'unsafe-inline'|data:))+$/);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/script-src 'self'(;|$)/);
    const start = await world.call('/docs/start.js');
    expect(start.text).not.toMatch(/https?:\/\//);
    expect(start.text).toContain('"telemetry":false');
    expect((await world.call('/docs/reference.js')).text.length).toBeGreaterThan(1_000_000);
  });

  test('a browser at / gets a page that leads on, a program the same as JSON, and nothing else is taken there', async () => {
    const ask = (accept: string, from = world) => from.call('/', { headers: { accept } });
    const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';
    const page = await ask(browser);
    expect([page.status, page.headers.get('content-type'), page.headers.get('vary')]).toEqual([200, 'text/html; charset=utf-8', 'Accept']);
    const links = [...page.text.matchAll(/href="([^"]+)"/g)].map(([, link]) => link ?? '');
    expect(links).toEqual(['/passkeys', '/docs', '/openapi.json', '/docs/errors', '/readyz']);
    for (const link of links) expect([link, (await world.call(link)).status]).toEqual([link, 200]);
    for (const accept of ['*/*', 'application/json', 'application/problem+json', 'text/plain']) {
      const { status, headers, json } = await ask(accept);
      expect([accept, status, headers.get('vary')]).toEqual([accept, 200, 'Accept']);
      expect(json).toEqual({ name: 'Sluice', api: '/v1', docs: '/docs', health: '/healthz' });
    }
    const posted = await world.call('/', { method: 'POST' });
    expect([posted.status, posted.json['code'], posted.headers.get('allow')]).toEqual([405, 'method_not_allowed', 'GET, HEAD']);
    const withUi = await openApiWorld({ webUiUrl: 'https://ui.example/?a=1&b="2"' });
    expect((await ask(browser, withUi)).text).toContain('<a href="https://ui.example/?a=1&#38;b=&#34;2&#34;">');
    await withUi.close();
  });

  test('metrics are not for everybody who can reach the API', async () => {
    expect((await world.call('/metrics')).status).toBe(404);
  });

  test('health, readiness by part, and the security contact [S1-30]', async () => {
    expect((await world.call('/healthz')).json).toEqual({ status: 'ok' });
    expect((await world.call('/readyz')).json).toEqual({ status: 'ready', parts: { database: { status: 'ready' } } });
    expect((await world.call('/.well-known/security.txt')).text).toMatch(/^Contact: mailto:security@example\.com\nExpires: \d{4}-/);
  });
});

test('a cancel may run for minutes, and nobody takes its idempotency key over meanwhile', async () => {
  const path = '/v1/payout-batches/batch_0198c2aa7c1e7b3d9f10a4c2e6b80d11';
  for (const action of ['cancel', 'pause'])
    await world.call(`${path}/${action}`, { method: 'POST', token, body: {}, headers: { 'idempotency-key': `lease-of-${action}` } });
  const rows = await world.sql(
    `SELECT key, lease_until - created_at > interval '10 minutes' AS long FROM idempotency_key WHERE key LIKE 'lease-of-%' ORDER BY key`,
  );
  expect(rows).toEqual([
    { key: 'lease-of-cancel', long: true },
    { key: 'lease-of-pause', long: false },
  ]);
});
