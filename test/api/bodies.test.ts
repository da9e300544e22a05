import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { RouteShape } from '../../contracts/route-shape.js';
import type { RouteId } from '../../contracts/routes.js';
import { isOperatorPermission } from '../../domain/permissions.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import { sendRaw } from './raw-http.js';
import { ROUTE_LIST, sampleRequest } from './sample-requests.js';

let world: ApiWorld;
let token: string;
let operator: string;

beforeAll(async () => {
  world = await openApiWorld();
  token = (await world.member('admin')).token;
  operator = (await world.operator()).token;
});
afterAll(() => world.close());
beforeEach(() => {
  world.calls.length = 0;
});

const WITH_JSON = ROUTE_LIST.filter(([, { body }]) => body !== undefined);
const WITH_BODY = ROUTE_LIST.filter(([, { body, format }]) => body !== undefined || format === 'raw');

const tokenFor = ({ permission }: RouteShape): string => (isOperatorPermission(permission) ? operator : token);

/** The answer to a body as it stands, on a route that would take its example. */
const post = async (id: RouteId, shape: RouteShape, bytes: Uint8Array | string, headers: Record<string, string> = {}) => {
  const { path, body: _example, ...request } = sampleRequest(id, shape);
  const body = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  const response = await fetch(`${world.url}${path}`, {
    method: request.method ?? 'POST',
    headers: {
      ...request.headers,
      authorization: `Bearer ${tokenFor(shape)}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: body as Uint8Array<ArrayBuffer>,
  });
  return [response.status, ((await response.json()) as { code?: string }).code];
};
const exampleOf = ({ example }: RouteShape): string => JSON.stringify(example);

describe('JSON is read strictly', () => {
  const WITH_MEMBERS = WITH_JSON.filter(([, { example }]) => Object.keys(example ?? {}).length > 0);

  test.each(WITH_MEMBERS)('%s refuses a member that comes twice, before anything is done', async (id, shape) => {
    const [name, value] = Object.entries(shape.example ?? {})[0] ?? [];
    const twice = exampleOf(shape).replace(/\}$/, `,${JSON.stringify(name)}:${JSON.stringify(value)}}`);
    expect(JSON.parse(twice)).toEqual(shape.example);
    expect(await post(id, shape, twice)).toEqual([400, 'malformed_json']);
    expect(world.calls).toEqual([]);
  });

  test.each(WITH_JSON)('%s refuses bytes that are not UTF-8', async (id, shape) => {
    const bytes = Buffer.concat([Buffer.from('{"note":"Jos'), Buffer.from([0xe9]), Buffer.from(`",${exampleOf(shape).slice(1)}`)]);
    expect(await post(id, shape, bytes)).toEqual([400, 'malformed_json']);
    expect(await post(id, shape, Buffer.from(exampleOf(shape), 'utf16le'), { 'content-type': 'application/json; charset=utf-16' })).toEqual([
      415,
      'unsupported_media_type',
    ]);
    expect(world.calls).toEqual([]);
  });

  test('a charset that names UTF-8 is taken, however it is written', async () => {
    for (const type of ['application/json; charset=UTF-8', 'application/json;charset="utf-8"', 'application/merge+json']) {
      const answer = await world.call('/v1/payees', { method: 'POST', token, body: '{}', headers: { 'content-type': type } });
      expect([type, answer.json['code']]).toEqual([type, 'invalid_request']);
    }
  });
});

describe('encodings of a body', () => {
  test.each(WITH_JSON)('%s: what cannot be decompressed is 400, an unknown encoding is 415', async (id, shape) => {
    const gzip = gzipSync(exampleOf(shape));
    const broken: [string, Uint8Array][] = [
      ['gzip', gzip.subarray(0, gzip.length - 9)],
      ['gzip', Buffer.from('no gzip')],
      ['br', Buffer.from('no brotli at all')],
      ['br', brotliCompressSync(exampleOf(shape)).subarray(0, 4)],
      ['deflate', Buffer.from('no deflate')],
    ];
    for (const [encoding, bytes] of broken)
      expect([encoding, ...(await post(id, shape, bytes, { 'content-encoding': encoding }))]).toEqual([encoding, 400, 'malformed_request']);
    for (const encoding of ['compress', 'x-own', 'gzip, br'])
      expect([encoding, ...(await post(id, shape, gzip, { 'content-encoding': encoding }))]).toEqual([encoding, 415, 'unsupported_media_type']);
    expect(world.calls).toEqual([]);
  });

  test('a delivery is never decompressed, because its signature is over its bytes', async () => {
    const [id, shape] = ROUTE_LIST.find(([, { format }]) => format === 'raw') ?? [];
    if (!id || !shape) throw new Error('no such route');
    for (const encoding of ['gzip', 'br', 'x-own'])
      expect([encoding, ...(await post(id, shape, gzipSync('{}'), { 'content-encoding': encoding }))]).toEqual([
        encoding,
        415,
        'unsupported_media_type',
      ]);
  });

  test('a body that is well compressed is read', async () => {
    const [id, shape] = WITH_JSON.find(([name]) => name === 'create_payee') ?? [];
    if (!id || !shape) throw new Error('no such route');
    for (const [encoding, bytes] of Object.entries({ gzip: gzipSync('{}'), br: brotliCompressSync('{}'), deflate: deflateSync('{}') }))
      expect([encoding, ...(await post(id, shape, bytes, { 'content-encoding': encoding }))]).toEqual([encoding, 422, 'invalid_request']);
  });
});

describe('a body that says that it is too large', () => {
  const formats = WITH_BODY.flatMap(([id, shape]) => {
    const types = shape.format === 'raw' ? ['application/octet-stream', 'text/csv'] : ['application/json'];
    return [...types, ...(shape.csvQuery !== undefined ? ['text/csv'] : [])].map((type) => ({ id, shape, type }));
  });

  test.each(formats)('$id as $type is answered before any byte of it is sent', async ({ id, shape, type }) => {
    const { path, headers = {} } = sampleRequest(id, shape);
    const { status, text } = await sendRaw(world.url, [
      `${shape.method} ${path} HTTP/1.1`,
      'Host: localhost',
      `Authorization: Bearer ${tokenFor(shape)}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      `Content-Type: ${type}`,
      `Content-Length: ${1024 ** 3}`,
    ]);
    expect([status, JSON.parse(text.split('\r\n\r\n')[1] ?? '{}').code]).toEqual([413, 'payload_too_large']);
    expect(world.calls).toEqual([]);
  });
});

describe('what is no request', () => {
  test.each(['Host', 'Authorization', 'Content-Type'])('two headers %s are refused, because a proxy may have read the other one', async (name) => {
    const headers = { Host: 'localhost', Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', Connection: 'close' };
    const lines = Object.entries(headers).map((pair) => pair.join(': '));
    const head = ['GET /v1/payees HTTP/1.1', ...lines];
    expect((await sendRaw(world.url, head)).status).toBe(200);
    const { status, text } = await sendRaw(world.url, [...head, `${name}: ${headers[name as 'Host']}`]);
    expect([status, /"code":"(\w+)"/.exec(text)?.[1]]).toEqual([400, 'malformed_request']);
  });

  test('a path whose escapes are broken is 400', async () => {
    const answer = await world.call('/v1/payees/%zz', { token });
    expect([answer.status, answer.json['code']]).toEqual([400, 'malformed_request']);
  });
});

test('a request without a body needs no content type', async () => {
  const path = '/v1/payout-batches/batch_0198c2aa7c1e7b3d9f10a4c2e6b80d11/pause';
  const answer = await world.call(path, { method: 'POST', token, headers: { 'idempotency-key': 'no-body' } });
  expect([answer.status, answer.json['code']]).toEqual([404, 'not_found']);
});
