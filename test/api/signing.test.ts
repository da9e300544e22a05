import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { contentDigestField } from '../../domain/http-signature/content-digest.js';
import type { Permission } from '../../domain/permissions.js';
import { systemEntropy } from '../../vault/entropy.js';
import { sha256 } from '../../vault/sha256.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import { signedCaller, signedCalls } from '../world/signed-caller.js';
import { type Plain, signRequest, type Twist } from '../world/signing.js';
import { sendRaw } from './raw-http.js';
import { GUARDED, sampleRequest } from './sample-requests.js';

const SCOPES: Permission[] = ['payees.read', 'payees.write', 'batches.create', 'batches.read'];

let world: ApiWorld;
let caller: Awaited<ReturnType<typeof signedCaller>>;
beforeAll(async () => {
  world = await openApiWorld();
  caller = await signedCaller(world, { mode: 'live', scopes: SCOPES });
  // The first use of a key is noted, and no other of the same minute.
  await world.call('/v1/payees', { token: caller.token });
});
afterAll(() => world?.close());
beforeEach(() => {
  world.calls.length = 0;
  world.counted.length = 0;
});

const { payee, plain, send, reason } = signedCalls(() => ({ world, caller }));
const post = (twist: Twist = {}, request = plain()) => send(signRequest(caller.signer, request, twist));
const REFUSED = { status: 401, code: 'signature_invalid' };

describe('a machine on live', () => {
  test('signs what it changes, with either algorithm, and is counted as verified [S3-14] [S3-19]', async () => {
    expect(await post()).toMatchObject({ status: 201 });
    const other = await caller.another('hmac-sha256');
    expect(await send(signRequest(other, plain()))).toMatchObject({ status: 201 });
    expect(world.counted).toEqual(['verified', 'verified']);
  });

  test('without a signature changes nothing; the attempt is audited, counted and logged, and reads need none [S3-16] [S3-19]', async () => {
    const answer = await send(plain());
    expect(answer).toMatchObject(REFUSED);
    expect(world.calls).toEqual(['workspaces.get', 'audit.append']);
    expect([world.counted, reason()]).toEqual([['refused'], 'it is not signed']);
    const events = await world.audited('request.refuse', caller.tenantId);
    expect(events.at(-1)).toMatchObject({ result: 'signature_invalid', actor: { type: 'api_key', keyId: caller.keyUuid } });
    expect((await world.call('/v1/payees', { token: caller.token })).status).toBe(200);
    expect(world.counted).toEqual(['refused']);
  });

  const changing = GUARDED.filter(([, { method, permission }]) => method !== 'GET' && SCOPES.includes(permission as Permission));
  test.each(changing)('%s without a signature is refused before anything is read', async (id, shape) => {
    const { path, ...request } = sampleRequest(id, shape);
    expect((await world.call(path, { ...request, token: caller.token })).json['code']).toBe('signature_invalid');
    expect(world.calls).toEqual(['workspaces.get', 'audit.append']);
  });

  test('a person signs nothing, and a signature of theirs is not looked at', async () => {
    const { token } = await world.member('preparer', caller.tenantId);
    expect(await send(plain(payee(), { authorization: `Bearer ${token}` }))).toMatchObject({ status: 201 });
    expect(await send(plain(payee(), { authorization: `Bearer ${token}`, signature: 'x', 'signature-input': 'x' }))).toMatchObject({ status: 201 });
    expect(world.counted).toEqual([]);
  });
});

describe('a machine in a test workspace', () => {
  test('need not sign, is counted as unsigned, and is refused for a wrong signature all the same, on reads too', async () => {
    const tester = await signedCaller(world, { mode: 'test', scopes: SCOPES });
    const mine = () => plain(payee(), { authorization: `Bearer ${tester.token}` });
    expect(await send(mine())).toMatchObject({ status: 201 });
    expect(await send(signRequest(tester.signer, mine()))).toMatchObject({ status: 201 });
    expect(await send(signRequest(caller.signer, mine()))).toMatchObject(REFUSED);
    expect(world.counted).toEqual(['unsigned', 'verified', 'refused']);
    const read: Plain = { method: 'GET', url: `${world.url}/v1/payees`, headers: { authorization: `Bearer ${tester.token}` } };
    expect((await send(signRequest(tester.signer, read))).status).toBe(200);
    expect(await send(signRequest(caller.signer, read))).toMatchObject(REFUSED);
    expect(world.counted).toHaveLength(3);
  });

  test('signs from the next request on once the workspace asks for it', async () => {
    const tester = await signedCaller(world, { mode: 'test', scopes: SCOPES });
    const mine = () => plain(payee(), { authorization: `Bearer ${tester.token}` });
    const { token } = await world.member('admin', tester.tenantId);
    const decide = (path: string) => world.call(`/v1/workspace/signing/${path}`, { method: 'POST', token });
    expect((await decide('require')).json['required_at']).not.toBeNull();
    expect(await send(mine())).toMatchObject(REFUSED);
    expect(await send(signRequest(tester.signer, mine()))).toMatchObject({ status: 201 });
    expect((await decide('allow-unsigned')).json).toMatchObject({ mode: 'test', required_at: null });
    expect(await send(mine())).toMatchObject({ status: 201 });
  });
});

describe('the content', () => {
  test('is what was signed: another byte of it is refused before anything is done with it [S3-16]', async () => {
    const signed = signRequest(caller.signer, plain());
    expect(await send({ ...signed, body: (signed.body as string).replace('Ada', 'Bob') })).toMatchObject(REFUSED);
    expect(world.calls.filter((one) => one.startsWith('payees') || one.startsWith('idempotency'))).toEqual([]);
    expect([world.counted, reason()]).toEqual([['refused'], 'its content has another sha-256']);
  });

  test('may be held by sha-512, or by both, and then both count', async () => {
    const body = payee();
    const long = contentDigestField('sha-512', createHash('sha512').update(body).digest());
    const short = contentDigestField('sha-256', sha256(Buffer.from(body)));
    expect(await post({}, plain(body, { 'content-digest': long }))).toMatchObject({ status: 201 });
    expect(await post({}, plain(payee(), { 'content-digest': short }))).toMatchObject(REFUSED);
    const other = contentDigestField('sha-512', new Uint8Array(64));
    expect(await post({}, plain(body, { 'content-digest': `${short}, ${other}` }))).toMatchObject(REFUSED);
  });

  test.each([
    ['in two lines', (digest: string) => ({ 'content-digest': `${digest}, ${digest}` })],
    ['of an algorithm that is not known', () => ({ 'content-digest': 'md5=:AAAAAAAAAAAAAAAAAAAAAA==:' })],
    ['that is no digest', () => ({ 'content-digest': 'x' })],
  ])('a digest %s is refused', async (_, twist) => {
    const body = payee();
    expect(await post({}, plain(body, twist(contentDigestField('sha-256', sha256(Buffer.from(body))))))).toMatchObject(REFUSED);
  });

  test('without a digest is refused, and so is a digest that is not covered', async () => {
    const { body: _, ...empty } = plain();
    const signed = signRequest(caller.signer, empty);
    expect(await send({ ...signed, body: '{}' })).toMatchObject(REFUSED);
    expect(reason()).toBe('there is content and no Content-Digest');
    expect(await post({ components: ['@method', '@target-uri', 'idempotency-key'] })).toMatchObject(REFUSED);
    expect(reason()).toBe('content-digest is not covered');
  });

  test('with a content coding cannot be compared, and is refused', async () => {
    const packed = gzipSync(payee());
    const coded = plain(undefined, { 'content-encoding': 'gzip' });
    const signed = signRequest(caller.signer, { ...coded, body: packed });
    const response = await fetch(signed.url, { method: 'POST', headers: signed.headers, body: packed });
    expect([response.status, reason()]).toEqual([401, 'its content has a coding or is a form']);
  });
});

describe('a file', () => {
  const CSV = 'payee_reference,payee_name,country,account_token,amount,reference\np-1,Ada,DE,acct_ok_1,12.50,June\n';
  const upload = (body = CSV, type = 'text/csv'): Plain => ({
    method: 'POST',
    url: `${world.url}/v1/payout-batches?currency=EUR&rail=sandbox&allow_duplicates=true&external_id=${systemEntropy.newId()}`,
    headers: { authorization: `Bearer ${caller.token}`, 'content-type': type, 'idempotency-key': systemEntropy.newId() },
    body,
  });

  test('is taken as it was signed, and another one is refused before anything is stored', async () => {
    const signed = signRequest(caller.signer, upload());
    expect(await send({ ...signed, body: CSV.replace('12.50', '99.50') })).toMatchObject(REFUSED);
    expect(world.calls.filter((one) => /^(batches|idempotency|payees|uploads)/.test(one))).toEqual([]);
    expect([world.counted, reason()]).toEqual([['refused'], 'its content has another sha-256']);
    expect(await send(signRequest(caller.signer, upload()))).toMatchObject({ status: 202, json: { source: { type: 'csv' } } });
  });

  test('is refused without a signature, and in a form, whose digest is not that of its file', async () => {
    expect(await send(upload())).toMatchObject(REFUSED);
    const form = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\na\r\n--b--\r\n';
    expect(await send(signRequest(caller.signer, upload(form, 'multipart/form-data; boundary=b')))).toMatchObject(REFUSED);
    expect(reason()).toBe('its content has a coding or is a form');
  });

  test('may be held by sha-512', async () => {
    const request = upload();
    const headers = { ...request.headers, 'content-digest': contentDigestField('sha-512', createHash('sha512').update(CSV).digest()) };
    expect(await send(signRequest(caller.signer, { ...request, headers }))).toMatchObject({ status: 202 });
  });
});

describe('a replay', () => {
  test('of a whole request is refused, also of one whose first answer is stored', async () => {
    const signed = signRequest(caller.signer, plain());
    expect(await send(signed)).toMatchObject({ status: 201 });
    expect(await send(signed)).toMatchObject(REFUSED);
    expect(reason()).toBe('its nonce was used already');
  });

  test('of 64 equal requests at once exactly one is done', async () => {
    const signed = signRequest(caller.signer, plain());
    const answers = await Promise.all(Array.from({ length: 64 }, () => send(signed)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(63).fill(401)]);
  });

  test('at another path, with another query, method, key of idempotency or host is refused [S3-16]', async () => {
    const signed = signRequest(caller.signer, plain());
    const { url, headers } = signed;
    for (const changed of [
      { url: `${url}?x=1` },
      { url: url.replace('payees', 'payout-batches') },
      { url: `${url}/` },
      { headers: { ...headers, 'idempotency-key': 'another' } },
    ])
      expect(await send({ ...signed, ...changed })).toMatchObject(REFUSED);
    const raw = Object.entries({ ...headers, host: 'other.example', 'content-length': String(Buffer.byteLength(signed.body as string)) });
    const answer = await sendRaw(world.url, ['POST /v1/payees HTTP/1.1', ...raw.map(([name, value]) => `${name}: ${value}`)], signed.body);
    expect([answer.status, answer.text.includes('signature_invalid')]).toEqual([401, true]);
  });

  test('answers the same again under the same Idempotency-Key when it is signed anew', async () => {
    const request = plain();
    const [first, second] = [await post({}, request), await post({}, request)];
    expect([first.status, second.text]).toEqual([201, first.text]);
  });
});

describe('every refusal is the same', () => {
  const cases: [string, Twist | ((request: Plain) => Plain)][] = [
    ['missing material', (request) => ({ ...request, headers: { ...request.headers, signature: '' } })],
    ['an unknown algorithm', { parameters: { alg: 'rsa-pss-sha512' } }],
    ['a key that is not there', { parameters: { keyid: 'sigkey_0198c2aa7c1e7b3d9f10a4c2e6b80d11' } }],
    ['too old', { created: Math.floor(Date.now() / 1_000) - 400 }],
    ['too new', { created: Math.floor(Date.now() / 1_000) + 400 }],
    ['no nonce', { parameters: { nonce: undefined } }],
    ['nothing covered', { components: [] }],
    [
      'too many components',
      { components: ['@method', '@target-uri', 'content-digest', 'idempotency-key', ...Array.from({ length: 13 }, (_, n) => `x-${n}`)] },
    ],
    [
      'a duplicate label',
      (request) => ({
        ...request,
        headers: { ...request.headers, 'signature-input': `${request.headers['signature-input']}, ${request.headers['signature-input']}` },
      }),
    ],
    [
      'a component named __proto__',
      (request) => ({
        ...request,
        headers: { ...request.headers, 'signature-input': request.headers['signature-input']?.replace('("', '("__proto__" "') ?? '' },
      }),
    ],
    [
      'a component named constructor',
      (request) => ({
        ...request,
        headers: { ...request.headers, 'signature-input': request.headers['signature-input']?.replace('("', '("constructor" "') ?? '' },
      }),
    ],
  ];

  test('in status, code and words; the log alone knows more [S3-16]', async () => {
    const answers = [];
    for (const [, twist] of cases) {
      const many = Object.fromEntries(Array.from({ length: 13 }, (_, n) => [`x-${n}`, 'x']));
      const request = plain(payee(), many);
      answers.push(typeof twist === 'function' ? await send(twist(signRequest(caller.signer, request))) : await post(twist, request));
    }
    const shown = answers.map(({ status, json: { request_id: _, ...problem } }) => JSON.stringify({ status, ...problem }));
    expect(new Set(shown).size).toBe(1);
    expect(answers[0]).toMatchObject(REFUSED);
    for (const { text } of answers) for (const word of ['nonce', 'created', 'algorithm', 'digest']) expect(text).not.toContain(word);
  });
});

test('no secret, nonce or signature stands in the log [S3-23]', async () => {
  const signed = signRequest(caller.signer, plain(), { nonce: 'a-nonce-nobody-logs' });
  await send(signed);
  await send({ ...signed, headers: { ...signed.headers, 'idempotency-key': 'other' } });
  const log = world.logged.join('\n');
  for (const text of ['a-nonce-nobody-logs', signed.headers['signature'] ?? '?', Buffer.from(caller.signer.secret).toString('base64'), caller.token])
    expect(log).not.toContain(text);
});
