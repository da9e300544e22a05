import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import express, { type Request, type RequestHandler } from 'express';
import { beginExchange } from '../../api/exchange.js';
import { body } from '../../api/middleware/body.js';
import { failures } from '../../api/middleware/failures.js';
import { NoLongerAdmitted } from '../../api/recheck.js';
import { spooled } from '../../api/spool.js';
import type { RouteShape } from '../../contracts/route-shape.js';
import { ROUTES } from '../../contracts/routes.js';
import { ok, refuse } from '../../domain/result.js';
import { PayeesChanging } from '../../operations/payee/ensure.js';
import { createLogger } from '../../telemetry/logger.js';
import { until } from '../harness/until.js';
import { connectTo } from './raw-http.js';

const [INFO, ERROR] = [30, 50];

let lines: { level: number; msg: string; route: string; request_id: string }[] = [];
let wrote: () => void = () => {};
const logger = createLogger('test', 'trace', {
  write: (line) => {
    lines.push(JSON.parse(line));
    wrote();
  },
});

/** Resolves once a request has come as far as its body. */
let arrived: () => void = () => {};
const arrives: RequestHandler = (_req, _res, next) => {
  next();
  arrived();
};
const lost = (code: string): Error => Object.assign(new Error(`lost: ${code}`), { code });
const without = (req: Request): Promise<unknown> => (req.socket.destroyed ? Promise.resolve() : once(req.socket, 'close'));

const folder = join(tmpdir(), `sluice-failures-${process.pid}`);
const app = express();
app.use((req, res, next) => {
  beginExchange(res, { req, res, requestId: 'the-request', route: req.path } as Parameters<typeof beginExchange>[1]);
  next();
});
app.use(arrives);
const reads = (path: string, shape: RouteShape): void => void app.post(path, ...body({ logger }, shape), (_req, res) => void res.end());
reads('/json', ROUTES.create_payee);
reads('/raw', ROUTES.receive_inbound);
app.post('/csv', async (req, res) => {
  await spooled(req, folder, 'upload', async () => ok(null));
  res.end();
});
app.post('/small-csv', async (req, res) => {
  const result = await spooled(req, folder, 'small', async () => ok(null), 10_000);
  res.json(result);
});
app.post('/lines', async (_req, res) => {
  const endless = async function* () {
    for (;;) yield 'a line\n'.repeat(1_000);
  };
  await pipeline(Readable.from(endless()), res);
});
app.post('/database', async () => {
  throw lost('ECONNRESET');
});
app.post('/ours', async (req) => {
  await without(req);
  throw new TypeError('ours');
});
app.post('/changing', async () => {
  throw new PayeesChanging();
});
app.post('/ended', async (_req, res) => {
  res.write('the first line\n');
  throw new NoLongerAdmitted(refuse('unauthenticated', 'revoked').refusal);
});
app.use(failures(logger));
const server = createServer(app);
let url: string;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  lines = [];
});

/** Begins a request and leaves in its middle. Returns what the log says then. */
const leave = async (path: string): Promise<(typeof lines)[number] | undefined> => {
  const there = new Promise<void>((done) => {
    arrived = done;
  });
  const logged = new Promise<void>((done) => {
    wrote = done;
  });
  const socket = await connectTo(url);
  socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"half":`);
  await there;
  socket.destroy();
  await logged;
  return lines[0];
};

test.each(['/json', '/raw', '/csv', '/lines'])('who leaves in the middle of %s is logged, and not as an error of ours', async (path) => {
  expect(await leave(path)).toMatchObject({ level: INFO, msg: 'a client left before its answer', route: path, request_id: 'the-request' });
  expect(lines).toHaveLength(1);
});

test('an upload of no declared length that turns out to be too large is answered, and its connection goes on', async () => {
  const socket = await connectTo(url);
  let text = '';
  socket.on('data', (part) => {
    text += part.toString();
  });
  const part = `2710\r\n${'x'.repeat(10_000)}\r\n`;
  socket.write(`POST /small-csv HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${part}${part}`);
  await until('it is refused', async () => (text.includes('payload_too_large') ? true : undefined));
  socket.write(`${part}0\r\n\r\nPOST /small-csv HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc`);
  await until('the next one is taken', async () => (text.includes('"ok":true') ? true : undefined));
  socket.destroy();
});

test('an error of ours is one, also when the client has left', async () => {
  expect(await leave('/ours')).toMatchObject({ level: ERROR, msg: 'a request broke', route: '/ours' });
});

test('a connection that we lost is an error of ours while the client waits', async () => {
  const answer = await fetch(`${url}/database`, { method: 'POST' });
  expect([answer.status, (await answer.json()) as object]).toEqual([500, expect.objectContaining({ code: 'internal' })]);
  expect(lines).toEqual([expect.objectContaining({ level: ERROR, msg: 'a request broke' })]);
});

test('payees that others change at the same time are over in a moment: the same request may come again', async () => {
  const answer = await fetch(`${url}/changing`, { method: 'POST' });
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
  expect((await answer.json()) as object).toMatchObject({ code: 'not_ready', detail: expect.stringContaining('send the same request again') });
  expect(lines).toEqual([]);
});

test('an answer whose reader may not read any more breaks off, and is no error of ours', async () => {
  const answer = await fetch(`${url}/ended`, { method: 'POST' });
  await expect(answer.text()).rejects.toThrow();
  expect(lines).toEqual([]);
});
