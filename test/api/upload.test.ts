import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { codecServer } from '../../api/codec.js';
import { listen } from '../../api/listen.js';
import { spooled } from '../../api/spool.js';
import { ok } from '../../domain/result.js';
import { until } from '../harness/until.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import { connectTo } from './raw-http.js';

const spoolDir = join(tmpdir(), `sluice-upload-test-${process.pid}`);
let world: ApiWorld;
let token: string;

beforeAll(async () => {
  world = await openApiWorld({ spoolDir });
  token = (await world.member('preparer')).token;
});
afterAll(() => world.close());

const CSV = 'payee_reference,payee_name,country,account_token,amount,reference\np-1,Ada,DE,acct_ok_1,12.50,June\np-2,Bob,DE,acct_ok_2,7.50,June\n';
const upload = (query: string, key: string, body = CSV) =>
  world.call(`/v1/payout-batches?currency=EUR&rail=sandbox${query}`, {
    method: 'POST',
    token,
    body,
    headers: { 'content-type': 'text/csv', 'idempotency-key': key },
  });
const leftOver = (): string[] => (existsSync(spoolDir) ? readdirSync(spoolDir) : []);

test('a CSV becomes a batch that names the SHA-256 of exactly these bytes, once, and leaves no file behind', async () => {
  const first = await upload('&external_id=csv-1', 'csv-1');
  expect([first.status, first.json['item_count'], first.json['total']]).toEqual([202, 2, 2_000]);
  expect(first.json['source']).toEqual({ type: 'csv', sha256: createHash('sha256').update(CSV).digest('hex') });
  const second = await upload('&external_id=csv-1', 'csv-1');
  expect([second.text, second.headers.get('idempotent-replayed')]).toEqual([first.text, 'true']);
  expect((await upload('&external_id=csv-1', 'csv-1', `${CSV}p-3,Eve,DE,acct_ok_3,1.00,June\n`)).json['code']).toBe('idempotency_key_reused');
  expect(leftOver()).toEqual([]);
});

test('with Prefer: respond-async a CSV is answered at once, and the answer is the stored one', async () => {
  const prefer = { 'content-type': 'text/csv', 'idempotency-key': 'csv-async', prefer: 'wait=5, Respond-Async' };
  const post = (headers: Record<string, string>) =>
    world.call('/v1/payout-batches?currency=EUR&rail=sandbox&external_id=csv-async&allow_duplicates=true', {
      method: 'POST',
      token,
      body: CSV,
      headers,
    });
  const first = await post(prefer);
  expect([first.status, first.json['state'], first.headers.get('preference-applied')]).toEqual([202, 'receiving', 'respond-async']);
  expect(first.json['upload']).toEqual({ bytes: CSV.length, rows_expected: 2, rows_checked: 0, rows_stored: 0, refusal: null });
  const second = await post(prefer);
  expect([second.text, second.headers.get('idempotent-replayed')]).toEqual([first.text, 'true']);
  const shown = await world.call(`/v1/payout-batches/${first.json['id']}`, { token });
  expect([shown.status, shown.json['state']]).toEqual([200, 'receiving']);
  expect(leftOver()).toEqual([]);
});

test('a refused CSV names row and column, and leaves no file behind', async () => {
  const answer = await upload('', 'csv-2', CSV.replace('7.50', '7.505'));
  expect([answer.status, answer.json['code']]).toEqual([422, 'invalid_csv']);
  expect((answer.json['errors'] as object[])[0]).toMatchObject({ row: 2, field: 'amount' });
  expect(leftOver()).toEqual([]);
});

test('a CSV without its settings, without a key, or compressed is refused before it is read', async () => {
  const headers = { 'content-type': 'text/csv', 'idempotency-key': 'csv-3' };
  const post = (path: string, more: Record<string, string>) => world.call(path, { method: 'POST', token, body: CSV, headers: more });
  expect((await post('/v1/payout-batches', headers)).json['code']).toBe('invalid_request');
  expect((await post('/v1/payout-batches?currency=EUR&rail=sandbox', { 'content-type': 'text/csv' })).json['code']).toBe('idempotency_key_missing');
  expect((await post('/v1/payout-batches?currency=EUR&rail=sandbox', { ...headers, 'content-encoding': 'gzip' })).json['code']).toBe(
    'unsupported_media_type',
  );
});

/** Open files of this process that lie, or lay, in the folder of uploads. */
const openFiles = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`);
      return target.startsWith(spoolDir) ? [target] : [];
    } catch {
      // It was closed meanwhile.
      return [];
    }
  });

test('the file of an upload is closed as soon as its work ends, however it was read', async () => {
  const drained = async (content: AsyncIterable<Uint8Array>): Promise<number> => {
    let bytes = 0;
    for await (const part of content) bytes += part.length;
    return bytes;
  };
  const parts = Array.from({ length: 5 }, () => Buffer.alloc(100_000, 'a'));
  const twice = await spooled(Readable.from(parts), spoolDir, 'twice', async (file) =>
    ok([await drained(file.open()), ...(await Promise.all([drained(file.open()), drained(file.open())]))]),
  );
  expect(twice).toEqual({ ok: true, value: [500_000, 500_000, 500_000] });
  const inPart = await spooled(Readable.from(parts), spoolDir, 'in-part', async (file) => {
    for await (const part of file.open()) return ok(part.length > 0);
    return ok(false);
  });
  expect(inPart).toEqual({ ok: true, value: true });
  const broken = async function* () {
    yield Buffer.from('half');
    throw new Error('broken off');
  };
  await expect(spooled(Readable.from(broken()), spoolDir, 'broken', async () => ok(null))).rejects.toThrow('broken off');
  expect(openFiles()).toEqual([]);
});

test('no upload keeps a file open: not one that was taken, refused or broken off', async () => {
  expect(openFiles()).toEqual([]);
  for (let i = 0; i < 10; i++) expect((await upload('&validate_only=true&allow_duplicates=true', `open-${i}`)).status).toBe(202);
  for (let i = 0; i < 5; i++) expect((await upload('', `wrong-${i}`, CSV.replace('7.50', '7.505'))).status).toBe(422);
  for (let i = 0; i < 5; i++) {
    const socket = await connectTo(world.url);
    const head = [
      'POST /v1/payout-batches?currency=EUR&rail=sandbox HTTP/1.1',
      'Host: localhost',
      `Authorization: Bearer ${token}`,
      'Content-Type: text/csv',
      `Idempotency-Key: broken-${i}`,
      'Content-Length: 100000',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${CSV}`);
    await until('the upload is being received', async () => (openFiles().length > 0 ? true : undefined));
    socket.destroy();
    await once(socket, 'close');
    await until('its file is closed', async () => (openFiles().length === 0 ? true : undefined));
  }
  await until('every file is closed', async () => (openFiles().length === 0 ? true : undefined));
  expect(leftOver()).toEqual([]);
});

test('the codec endpoint decodes for the Web UI alone, whatever query it adds, and encodes nothing', async () => {
  const server = codecServer({
    uiUrl: 'http://127.0.0.1:8233',
    decode: async (payloads) => payloads.map(() => ({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"seen"') })),
  });
  const url = await listen(server, '127.0.0.1', 0);
  const ask = (path: string, origin: string, body: unknown) =>
    fetch(`${url}${path}`, { method: 'POST', headers: { origin, 'x-namespace': 'sluice' }, body: JSON.stringify(body) });
  const payloads = [{ metadata: { encoding: 'eA==' }, data: 'eA==' }];
  const shown = await ask('/decode?preserveStorageRefs=true', 'http://localhost:8233', { payloads });
  const { payloads: decoded } = (await shown.json()) as { payloads: { data: string }[] };
  expect(Buffer.from(decoded[0]?.data ?? '', 'base64').toString()).toBe('"seen"');
  expect(shown.headers.get('access-control-allow-origin')).toBe('http://localhost:8233');
  expect((await ask('/decode', 'https://evil.example', { payloads })).status).toBe(403);
  expect(await (await ask('/encode', 'http://127.0.0.1:8233', {})).json()).toEqual({ payloads: [] });
  expect((await ask('/encode', 'http://127.0.0.1:8233', { payloads })).status).toBe(403);
  server.closeAllConnections();
  server.close();
});
