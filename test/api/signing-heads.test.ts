import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { targetUriOf } from '../../api/target-uri.js';
import type { Permission } from '../../domain/permissions.js';
import { systemEntropy } from '../../vault/entropy.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import { signedCaller, signedCalls } from '../world/signed-caller.js';
import { type Plain, signRequest } from '../world/signing.js';
import { sendRaw } from './raw-http.js';

const SCOPES: Permission[] = ['payees.read', 'payees.write'];

let world: ApiWorld;
let caller: Awaited<ReturnType<typeof signedCaller>>;
beforeAll(async () => {
  world = await openApiWorld();
  caller = await signedCaller(world, { mode: 'live', scopes: SCOPES });
});
afterAll(() => world?.close());

const { payee, plain } = signedCalls(() => ({ world, caller }));

describe('header games', () => {
  const raw = (signed: Plain, lines: (head: string[]) => string[], target = '/v1/payees') => {
    const head = Object.entries({
      host: new URL(world.url).host,
      ...signed.headers,
      'content-length': String(Buffer.byteLength((signed.body ?? '') as string)),
    });
    return sendRaw(world.url, [`POST ${target} HTTP/1.1`, ...lines(head.map(([name, value]) => `${name}: ${value}`))], signed.body);
  };
  const lineOf = (head: string[], name: string) => head.find((line) => line.startsWith(`${name}: `)) ?? '';

  test('as it stands it is taken', async () => {
    expect((await raw(signRequest(caller.signer, plain()), (head) => head)).status).toBe(201);
  });

  test.each(['signature-input', 'signature', 'content-digest', 'idempotency-key'])('%s twice is refused', async (name) => {
    const answer = await raw(signRequest(caller.signer, plain()), (head) => [...head, lineOf(head, name)]);
    expect([name, answer.status, answer.text.includes('signature_invalid')]).toEqual([name, 401, true]);
  });

  test('a folded line is refused by the parser', async () => {
    const answer = await raw(signRequest(caller.signer, plain()), (head) =>
      head.map((line) => (line.startsWith('signature-input: ') ? line.replace(' "@target-uri"', '\r\n  "@target-uri"') : line)),
    );
    expect([400, 401]).toContain(answer.status);
  });

  test('a request line with the whole URI is taken when that is the one that was signed, and no other', async () => {
    const { host } = new URL(world.url);
    expect((await raw(signRequest(caller.signer, plain()), (head) => head, `http://${host}/v1/payees`)).status).toBe(201);
    for (const target of ['http://other.example/v1/payees', `https://${host}/v1/payees`])
      expect([target, (await raw(signRequest(caller.signer, plain()), (head) => head, target)).status]).toEqual([target, 401]);
  });

  test('content in chunks is held against its digest too', async () => {
    const signed = signRequest(caller.signer, plain());
    const body = signed.body as string;
    const chunked = (content: string) => `${Buffer.byteLength(content).toString(16)}\r\n${content}\r\n0\r\n\r\n`;
    const withChunks = (head: string[]) => [...head.filter((line) => !line.startsWith('content-length')), 'transfer-encoding: chunked'];
    const sent = async (request: Plain, content: string) => {
      const head = Object.entries({ host: new URL(world.url).host, ...request.headers }).map(([name, value]) => `${name}: ${value}`);
      return (await sendRaw(world.url, ['POST /v1/payees HTTP/1.1', ...withChunks(head)], chunked(content))).status;
    };
    expect(await sent(signed, body.replace('Ada', 'Bob'))).toBe(401);
    const again = signRequest(caller.signer, plain());
    expect(await sent(again, again.body as string)).toBe(201);
  });
});

describe('the target URI', () => {
  const of = (originalUrl: string, host: string | undefined, publicUrl: string | null) =>
    targetUriOf({ originalUrl, headers: host ? { host } : {} }, publicUrl);

  test.each([
    ['/v1/x?y', 'a.example', null, 'http://a.example/v1/x?y'],
    ['/v1/x', 'proxy.internal:8080', 'https://pay.example', 'https://pay.example/v1/x'],
    ['/v1/x', undefined, 'https://pay.example/sluice', 'https://pay.example/sluice/v1/x'],
    ['http://a.example/v1/x', 'a.example', null, 'http://a.example/v1/x'],
    ['http://b.example/v1/x', 'a.example', null, null],
    ['http://a.example.evil/v1/x', 'a.example', null, null],
    ['http://a.example/v1/x', 'a.example', 'https://pay.example', null],
    ['https://pay.example/v1/x', 'a.example', 'https://pay.example', 'https://pay.example/v1/x'],
    ['*', 'a.example', null, null],
    ['/v1/x', undefined, null, null],
  ])('%s with Host %s behind %s is %s', (url, host, publicUrl, uri) => expect(of(url, host, publicUrl)).toBe(uri));

  test('behind a proxy is that of the configured URL, whatever Host says', async () => {
    const proxied = await openApiWorld({ publicUrl: 'https://pay.example', trustedProxies: ['127.0.0.0/8'] });
    try {
      const behind = await signedCaller(proxied, { mode: 'live', scopes: SCOPES });
      const request = (url: string): Plain => ({
        ...{ method: 'POST', url, body: payee() },
        headers: { authorization: `Bearer ${behind.token}`, 'content-type': 'application/json', 'idempotency-key': systemEntropy.newId() },
      });
      const sent = async (signed: Plain) =>
        (await proxied.call('/v1/payees', { ...signed, headers: { ...signed.headers, 'x-forwarded-proto': 'https' } })).status;
      expect(await sent(signRequest(behind.signer, request('https://pay.example/v1/payees')))).toBe(201);
      expect(await sent(signRequest(behind.signer, request(`${proxied.url}/v1/payees`)))).toBe(401);
    } finally {
      await proxied.close();
    }
  });
});

test('the call by hand of docs/signing.md is taken as it stands there', async () => {
  const [, script = ''] = /^```js\n(.*?)\n```$/ms.exec(readFileSync('docs/signing.md', 'utf8')) ?? [];
  const key = `${caller.signer.keyId}:ed25519:${Buffer.from(caller.signer.secret).toString('base64')}`;
  const env = { PATH: process.env['PATH'] ?? '', SLUICE_URL: world.url, SLUICE_API_KEY: caller.token, SLUICE_SIGNING_KEY: key };
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { env });
  const [said, failed] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect([said, failed]).toEqual([expect.stringMatching(/^201 \{"object":"payee"/), '']);
});
