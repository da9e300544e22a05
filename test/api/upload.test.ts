import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
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
  expect((answer.json['errors'] as object[])[0]).toMatchObject({ row: 3, field: 'amount' });
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

test('the lines of a file with CR as its line end are counted like any other', async () => {
  const answer = await world.call('/v1/payout-batches?currency=EUR&rail=sandbox&external_id=csv-cr&allow_duplicates=true', {
    method: 'POST',
    token,
    body: CSV.replaceAll('\n', '\r'),
    headers: { 'content-type': 'text/csv', 'idempotency-key': 'csv-cr', prefer: 'respond-async' },
  });
  expect([answer.status, answer.json['upload']]).toMatchObject([202, { rows_expected: 2 }]);
});

describe('a file of Windows, or in a form', () => {
  const SETTINGS = '/v1/payout-batches?currency=EUR&rail=sandbox&allow_duplicates=true';
  const post = (key: string, contentType: string, body: string, query = '') =>
    world.call(`${SETTINGS}${query}`, { method: 'POST', token, body, headers: { 'content-type': contentType, 'idempotency-key': key } });
  const FORM = 'multipart/form-data; boundary=edge';
  const part = (disposition: string, body: string, type = 'text/csv') =>
    `--edge\r\nContent-Disposition: form-data; ${disposition}\r\nContent-Type: ${type}\r\n\r\n${body}\r\n`;
  const FILE = part('name="file"; filename="payouts.csv"', CSV, 'application/vnd.ms-excel');
  const FIELD = part('name="currency"', 'USD', 'text/plain');

  test('is taken like any other, and the SHA-256 is that of the file alone, whichever way it comes', async () => {
    const form = await post('form-1', FORM, `${FILE}--edge--\r\n`);
    expect([form.status, form.json['item_count'], form.json['total']]).toEqual([202, 2, 2_000]);
    expect(form.json['source']).toEqual({ type: 'csv', sha256: createHash('sha256').update(CSV).digest('hex') });
    for (const type of ['application/vnd.ms-excel', 'text/csv', 'text/csv; charset=UTF-8', 'text/csv; header=present; charset="utf-8"']) {
      const again = await post('form-1', type, CSV);
      expect([again.text, again.headers.get('idempotent-replayed')]).toEqual([form.text, 'true']);
    }
    expect(leftOver()).toEqual([]);
  });

  test('may be larger than all buffers', async () => {
    const large = `${CSV}${',,,,,\n'.repeat(150_000)}`;
    const answer = await post('form-large', FORM, `${part('name="file"; filename="a.csv"', large)}--edge--\r\n`, '&validate_only=true');
    expect([answer.status, answer.json['item_count']]).toEqual([202, 2]);
  });

  test.each([
    ['a field before the file', FORM, `${FIELD}${FILE}--edge--\r\n`, ['currency', 'unknown_field']],
    ['a field after the file', FORM, `${FILE}${FIELD}--edge--\r\n`, ['form', 'unknown_field']],
    ['a part without a name', FORM, `${FILE}--edge\r\n\r\nx\r\n--edge--\r\n`, ['form', 'unknown_field']],
    ['two files', FORM, `${FILE}${FILE}--edge--\r\n`, ['form', 'unknown_field']],
    ['no file', FORM, '--edge--\r\n', ['form', 'missing']],
    ['no end', FORM, FILE, null],
    ['no boundary', 'multipart/form-data', `${FILE}--edge--\r\n`, null],
  ] as const)('with %s is refused and stores nothing', async (what, type, body, error) => {
    const answer = await post(`form-${what.replaceAll(' ', '-')}`, type, body);
    expect([answer.status, answer.json['code']]).toEqual([422, 'invalid_request']);
    const [first] = (answer.json['errors'] ?? []) as { field: string; reason: string }[];
    expect(first ? [first.field, first.reason] : null).toEqual(error);
    expect(leftOver()).toEqual([]);
  });

  test('in another charset is refused by the name of that charset', async () => {
    for (const charset of ['windows-1252', '"ISO-8859-1"', 'utf-16']) {
      const answer = await post('charset', `text/csv; charset=${charset}`, CSV);
      expect([answer.status, answer.json['code']]).toEqual([415, 'unsupported_media_type']);
      expect(answer.json['detail']).toContain(`charset=${charset.replaceAll('"', '')}`);
    }
  });

  test('that is a spreadsheet itself is told how to save it', async () => {
    const answer = await post('xlsx', 'application/vnd.ms-excel', 'PK\u0003\u0004 and so on');
    expect([answer.status, answer.json['code']]).toEqual([422, 'invalid_csv']);
    expect(answer.json['errors']).toMatchObject([{ field: 'file', reason: 'spreadsheet', message: expect.stringContaining('CSV UTF-8') }]);
  });

  test('whose sender goes away ends its request', async () => {
    const seen = world.logged.length;
    const { host } = new URL(world.url);
    const length = 1_000_000;
    await new Promise<void>((sent) => {
      const request = http.request(`http://${host}${SETTINGS}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': FORM, 'content-length': length, 'idempotency-key': 'gone' },
      });
      request.on('error', () => sent());
      request.write(FILE, () => request.destroy());
      request.on('close', () => sent());
    });
    await until('the upload to fail', async () => world.logged.slice(seen).find((line) => line.includes('a client left before its answer')));
    expect(leftOver()).toEqual([]);
  });
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
