import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { toWireId } from '../../domain/ids.js';
import { systemEntropy } from '../../vault/entropy.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import type { Person } from '../world/people.js';
import { sendRaw } from './raw-http.js';

/** Requests that no honest client sends, as bytes on a socket. Each has the one answer that is written here, and none is a 5xx. */

let world: ApiWorld;
let person: Person;
let token: string;
/** Another person of the workspace. */
let other: string;
const statuses: number[] = [];
beforeAll(async () => {
  world = await openApiWorld();
  ({ person, token } = await world.member('admin'));
  other = (await world.member('auditor')).token;
});
afterEach(() => {
  expect(statuses.filter((status) => !(status < 500))).toEqual([]);
});
afterAll(() => world?.close());

const send = async (head: readonly string[], body: Uint8Array | string = '') => {
  const { status, text } = await sendRaw(world.url, head, body);
  statuses.push(status);
  return { status, text, code: /"code":"(\w+)"/.exec(text)?.[1] ?? null };
};
const bearer = () => `Authorization: Bearer ${token}`;
const get = (path: string, ...lines: string[]) => send([`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...lines]);
const post = (path: string, body: string, ...lines: string[]) =>
  send(
    [
      ...[`POST ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close', bearer(), 'Content-Type: application/json'],
      ...[`Content-Length: ${Buffer.byteLength(body)}`, `Idempotency-Key: ${systemEntropy.newId()}`, ...lines],
    ],
    body,
  );
/** A body that creates a payee, with other members. */
const payee = (more: string) => `{"reference":"${systemEntropy.newId()}","name":"P","country":"DE","account_token":"acct_ok_1"${more}}`;

describe('several credentials', () => {
  test.each<[string, () => string[], number, string | null]>([
    ['one bearer, its scheme in small letters', () => [bearer().replace('Bearer', 'bearer')], 200, null],
    ['Authorization twice', () => [bearer(), bearer()], 400, 'malformed_request'],
    ['X-Api-Key twice', () => [`X-Api-Key: ${token}`, `X-Api-Key: ${token}`], 400, 'malformed_request'],
    ['X-Api-Key twice, in other letters', () => [`X-Api-Key: ${token}`, `x-api-KEY: ${token}`], 400, 'malformed_request'],
    ['Authorization and X-Api-Key', () => [bearer(), `X-Api-Key: ${token}`], 400, 'malformed_request'],
    ['Authorization and another X-Api-Key', () => [bearer(), `X-Api-Key: ${other}`], 400, 'malformed_request'],
    ['two bearers in one line', () => [`${bearer()}, Bearer ${other}`], 401, 'unauthenticated'],
    ['two keys in one line', () => [`X-Api-Key: ${token}, ${other}`], 401, 'unauthenticated'],
    ['an Authorization that is none, and a good cookie', () => ['Authorization: Basic x', `Cookie: __Host-sluice=${token}`], 401, 'unauthenticated'],
    ['an empty Authorization, and a good cookie', () => ['Authorization:', `Cookie: __Host-sluice=${token}`], 401, 'unauthenticated'],
    ['two cookies of the name, the first one wrong', () => [`Cookie: __Host-sluice=x; __Host-sluice=${token}`], 401, 'unauthenticated'],
    ['two lines of cookies, the first one wrong', () => ['Cookie: __Host-sluice=x', `Cookie: __Host-sluice=${token}`], 401, 'unauthenticated'],
    ['a cookie of another prefix', () => [`Cookie: __host-sluice=${token}`], 401, 'unauthenticated'],
    ['the workspace twice', () => [bearer(), 'Sluice-Workspace: ws_1', 'Sluice-Workspace: ws_1'], 403, 'workspace_mismatch'],
  ])('%s: %s', async (_name, lines, status, code) => {
    const answer = await get('/v1/sessions/current', ...lines());
    expect([answer.status, answer.code]).toEqual([status, code]);
  });

  test('a bearer beside the cookie of another person decides alone', async () => {
    const { status, text } = await get('/v1/sessions/current', bearer(), `Cookie: __Host-sluice=${other}`);
    expect([status, text.includes(person.email)]).toEqual([200, true]);
  });

  test('two keys of idempotency are none', async () => {
    const { status, code } = await post('/v1/payees', payee(''), 'Idempotency-Key: another');
    expect([status, code]).toEqual([422, 'invalid_request']);
  });
});

describe('where content ends', () => {
  const framed = (lines: readonly string[], body: string) =>
    send(['POST /v1/payees HTTP/1.1', 'Host: localhost', bearer(), 'Content-Type: application/json', ...lines], body);
  const chunked = (content: string) => `${content.length.toString(16)}\r\n${content}\r\n0\r\n\r\n`;
  /** What would be taken for a second request by who believes the other header. */
  const hidden = () => `0\r\n\r\nGET /v1/payees HTTP/1.1\r\nHost: localhost\r\n${bearer()}\r\n\r\n`;

  test('content in chunks is taken', async () => {
    expect((await framed(['Transfer-Encoding: chunked'], chunked(payee('')))).status).toBe(201);
    expect((await framed(['Transfer-Encoding: CHUNKED'], chunked(payee('')))).status).toBe(201);
  });

  test.each<[string, string[]]>([
    ['chunked and a length', ['Transfer-Encoding: chunked', 'Content-Length: 4']],
    ['a length and chunked', ['Content-Length: 4', 'Transfer-Encoding: chunked']],
    ['chunked twice in one line', ['Transfer-Encoding: chunked, chunked']],
    ['chunked in two lines', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
    ['chunked after another coding', ['Transfer-Encoding: gzip, chunked']],
    ['chunked before another coding', ['Transfer-Encoding: chunked, identity']],
    ['a coding like chunked', ['Transfer-Encoding: xchunked']],
    ['a coding that is none', ['Transfer-Encoding: identity']],
    ['a blank before the colon', ['Transfer-Encoding : chunked']],
    ['a folded coding', ['Transfer-Encoding:', ' chunked']],
    ['a folded header', ['X-Folded: a', ' b']],
    ['two lengths', ['Content-Length: 4', 'Content-Length: 5']],
    ['two equal lengths', ['Content-Length: 4', 'Content-Length: 4']],
    ['two lengths in one line', ['Content-Length: 4, 4']],
    ['a length with a sign', ['Content-Length: +4']],
    ['a length below nothing', ['Content-Length: -1']],
  ])('%s is 400, and nothing behind it is answered', async (_name, lines) => {
    const { status, text } = await framed(lines, hidden());
    expect([status, text.match(/HTTP\/1\.1 /g)]).toEqual([400, ['HTTP/1.1 ']]);
  });
});

describe('the request line', () => {
  test.each<[string, string, number]>([
    ['another host’s URI, which names no other workspace', 'http://other.example/v1/payees', 200],
    ['a URI with a user', 'http://user:word@localhost/v1/payees', 200],
    ['two slashes', '//v1/payees', 404],
    ['another host without a scheme', '//other.example/v1/payees', 404],
    ['dots', '/v1/x/../payees', 404],
    ['dots in escapes', '/v1/x/%2e%2e/payees', 404],
    ['a slash in an escape', '/v1%2fpayees', 404],
    ['a NUL in an escape', '/v1/payees/%00', 422],
    ['a name that objects have', '/v1/payees/__proto__', 422],
  ])('%s: %s is %i', async (_name, target, status) => {
    expect((await get(target, bearer())).status).toBe(status);
  });

  test('a user and a password of a URI are not logged', async () => {
    const canary = systemEntropy.newId();
    await get(`http://${canary}:${canary}@localhost/v1/payees?${canary}=${canary}`, bearer());
    expect(world.logged.join('')).not.toContain(canary);
    expect(world.logged.filter((line) => line.includes('"path":"/v1/payees"')).length).toBeGreaterThan(0);
  });
});

describe('over-long everything', () => {
  const long = (length: number) => 'a'.repeat(length);
  test.each<[string, () => ReturnType<typeof get>, number]>([
    ['a header', () => get('/v1/payees', bearer(), `X-Long: ${long(20_000)}`), 431],
    ['the name of a header', () => get('/v1/payees', bearer(), `${long(20_000)}: x`), 431],
    ['thousands of headers', () => get('/v1/payees', bearer(), ...Array.from({ length: 3_000 }, (_, n) => `X-${n}: x`)), 431],
    ['a path', () => get(`/v1/${long(20_000)}`, bearer()), 431],
    ['a path that still fits', () => get(`/v1/payees/${long(8_000)}`, bearer()), 422],
    ['a query that still fits', () => get(`/v1/payees?starting_after=${long(8_000)}`, bearer()), 422],
    ['a number in a query', () => get(`/v1/payees?limit=${'9'.repeat(8_000)}`, bearer()), 422],
    [
      'thousands of parameters',
      () => get(`/v1/payees?${Array.from({ length: 3_000 }, (_, n) => `p${n}`).join('&')}`.slice(0, 12_000), bearer()),
      422,
    ],
    ['a token', () => get('/v1/payees', `Authorization: Bearer ${long(8_000)}`), 401],
    ['a workspace', () => get('/v1/payees', bearer(), `Sluice-Workspace: ws_${long(8_000)}`), 403],
    ['a request id, which is replaced', () => get('/v1/payees', bearer(), `Request-Id: ${long(8_000)}`), 200],
    ['a trace, which is dropped', () => get('/v1/payees', bearer(), `Traceparent: 00-${long(8_000)}`), 200],
    ['a field', () => post('/v1/payees', payee(`,"bic":"${long(200_000)}"`)), 422],
    ['the name of a field', () => post('/v1/payees', payee(`,"${long(200_000)}":1`)), 422],
    ['a body', () => post('/v1/payees', payee(`,"bic":"${long(300_000)}"`)), 413],
    ['a number', () => post(`/v1/funding-accounts/${toWireId('account', world.home.funding)}/top-ups`, `{"amount":${'9'.repeat(5_000)}}`), 422],
    ['an e-mail', () => post('/v1/sessions', `{"email":"${long(100_000)}@example.com","password":"p","code":"123456"}`), 422],
    ['a password', () => post('/v1/sessions', `{"email":"a@example.com","password":"${long(100_000)}","code":"123456"}`), 422],
    ['a method', () => send([`${'G'.repeat(9_000)} /v1/payees HTTP/1.1`, 'Host: localhost']), 400],
  ])('%s', async (_name, sent, status) => {
    expect((await sent()).status).toBe(status);
  });

  test('a key of idempotency', async () => {
    const body = payee('');
    const head = ['POST /v1/payees HTTP/1.1', 'Host: localhost', bearer(), 'Content-Type: application/json', `Content-Length: ${body.length}`];
    expect(await send([...head, `Idempotency-Key: ${long(300)}`], body)).toMatchObject({ status: 422, code: 'invalid_request' });
  });
});

describe('names that objects have', () => {
  const isClean = () => ({ polluted: Reflect.get({}, 'polluted'), own: Object.keys(Object.prototype) });

  test.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])('%s is no field, wherever it stands', async (name) => {
    const value = '{"polluted":true,"prototype":{"polluted":true}}';
    const item = `{"amount":1,"reference":"r","payee":{"reference":"a","${name}":${value}}}`;
    for (const [path, body] of [
      ['/v1/payees', payee(`,"${name}":${value}`)],
      ['/v1/payout-batches', `{"currency":"EUR","rail":"sandbox","items":[${item}]}`],
      ['/v1/payout-batches', `{"currency":"EUR","rail":"sandbox","${name}":${value},"items":[]}`],
      ['/v1/sessions', `{"email":"a@example.com","password":"p","code":"123456","${name}":${value}}`],
    ] as const) {
      const { status, code } = await post(path, body);
      expect([path, status, code]).toEqual([path, 422, 'invalid_request']);
    }
    for (const query of [`${name}=x`, `${name}[polluted]=true`, `${name}.polluted=true`, `limit[${name}][polluted]=true`])
      expect([query, (await get(`/v1/payees?${query}`, bearer())).status]).toEqual([query, 422]);
    expect(isClean()).toEqual({ polluted: undefined, own: [] });
  });

  test('as a value they name nothing', async () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const made = [
        post('/v1/api-keys', `{"name":"k","scopes":["${name}"]}`),
        post('/v1/roles', `{"name":"r-1","permissions":["${name}"]}`),
        post(`/v1/people/${toWireId('person', person.id)}/roles`, `{"roles":["${name}"]}`),
        post('/v1/accounts', `{"kind":"funding","name":"A","currency":"${name}"}`),
        post('/v1/payees', `{"reference":"r","name":"P","country":"${name}","account_token":"acct_ok_1"}`),
      ];
      for (const answer of await Promise.all(made)) expect([name, answer.status, answer.code]).toEqual([name, 422, 'invalid_request']);
    }
  });

  test.each(['__proto__', 'constructor', 'Constructor'])('as a header %s is refused before anything looks at headers', async (name) => {
    for (const path of ['/v1/payees', '/healthz', '/docs']) {
      const answer = await get(path, bearer(), `${name}: x`);
      expect([path, answer.status, answer.code]).toEqual([path, 400, 'malformed_request']);
    }
    expect((await get('/v1/payees', bearer(), 'hasOwnProperty: x', `Cookie: ${name}=x`)).status).toBe(200);
  });
});

describe('deep JSON', () => {
  const DEPTH = 10_000;
  test.each<[string, string, number]>([
    ['lists', `${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`, 422],
    ['objects', `${'{"a":'.repeat(DEPTH)}1${'}'.repeat(DEPTH)}`, 422],
    ['lists in a field', payee(`,"bic":${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`), 422],
    ['lists in place of items', `{"currency":"EUR","rail":"sandbox","items":${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}}`, 422],
    ['lists that never end', '['.repeat(DEPTH), 400],
    ['objects that never end', '{"a":'.repeat(DEPTH), 400],
  ])('%s, ten thousand deep', async (_name, body, status) => {
    for (const path of ['/v1/payees', '/v1/payout-batches', '/v1/sessions']) expect([path, (await post(path, body)).status]).toEqual([path, status]);
  });
});

describe('look-alikes of an e-mail', () => {
  test('are no e-mail, and are refused alike for who is known and who is not', async () => {
    const lookAlikes = (email: string) => [
      ...[email.replace('example', 'еxample'), email.replace('example', 'ｅxample'), email.replace('example', 'exámple')],
      ...[email.replace('@', '＠'), email.replace('.com', '。com'), email.replace('.com', '․com'), `${email}\u200b`, `\u202e${email}`],
      ...[email.replace('-', '‐'), email.replace('example', 'exa\u00admple'), email.replace('example', 'exam\u0000ple')],
      ...[` ${email}`, `${email} `, `${email}\n`, `${email}.`, `"${email}"`, `<${email}>`, `${email},x@example.com`, email.replace('@', '%40')],
    ];
    const answerTo = async (email: string) => {
      const body = JSON.stringify({ email, password: person.password, code: '000000' });
      const { status, text } = await post('/v1/sessions', body);
      return [status, text.slice(text.indexOf('{')).replace(/"request_id":"[^"]*"/, '')];
    };
    const known = await Promise.all(lookAlikes(person.email).map(answerTo));
    const unknown = await Promise.all(lookAlikes(`${systemEntropy.newId()}@example.com`).map(answerTo));
    expect(known).toEqual(unknown);
    for (const [status, text] of known) expect([status, String(text).includes('"field":"email"')]).toEqual([422, true]);
  });

  test('of another address in plain letters are an unknown one', async () => {
    for (const email of [person.email.replace('@', '+a@'), person.email.replace('example', 'xn--xample-2of'), person.email.replace('-', '--')]) {
      const { status, code } = await post('/v1/sessions', JSON.stringify({ email, password: person.password, code: '000000' }));
      expect([email, status, code]).toEqual([email, 401, 'invalid_credentials']);
    }
  });
});
