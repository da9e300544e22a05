import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import type { OpenConnection } from '../../operations/rail.js';
import { createSandboxRail } from '../../rails/sandbox/adapter.js';

/** What a provider may say that neither the database nor the log could keep. */

const keys = ['a', 'b', 'c'].map((letter) => `item_${letter.repeat(40)}`);
const payment = (key: string, more: object = {}) => ({
  id: 'pay_1',
  idempotency_key: key,
  status: 'paid',
  version: 2,
  amount: 100,
  currency: 'EUR',
  reason: null,
  ...more,
});

/** The answer of a provider that says this to every request. */
const answered = async <T>(body: object, use: (connection: OpenConnection) => Promise<T>): Promise<T> => {
  const server = createServer((_req, res) => res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const settings = { base_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  try {
    return await use({ id: 'conn', rail: 'sandbox', settings, credentials: { apiKey: 'key', webhookSecret: '' } });
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

const rail = createSandboxRail();
const sending = { kind: 'first', signal: new AbortController().signal, onProgress: () => {} } as const;
const artefact = { rendererVersion: 1, hash: new Uint8Array(32), payments: keys.map((key) => ({ key, body: '{"amount":100}' })) };
const BROKEN = { version: 2 ** 31 };

test('one malformed entry of a bulk answer leaves its own payment unknown and no other', async () => {
  const results = [payment(keys[0] as string), payment(keys[1] as string, BROKEN), payment(keys[2] as string)];
  const outcomes = await answered({ results }, (connection) => rail.send(connection, artefact, sending));
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['paid', 'unknown', 'paid']);
});

test('one malformed entry of a lookup leaves its own payment unanswered and no other', async () => {
  const found = [payment(keys[0] as string), payment(keys[1] as string, { id: 'pay\u0000' }), payment(keys[2] as string)];
  const lookups = await answered({ found, absent: [] }, (connection) => rail.lookup(connection, keys, new Map()));
  expect(lookups.map(({ answer }) => answer.kind)).toEqual(['found', 'unavailable', 'found']);
});

test('a reason is kept as far as it can be stored', async () => {
  const results = keys.map((key, i) => payment(key, { status: 'failed', reason: ['no\u0000such', 'bad\ud800', 'x'.repeat(500)][i] }));
  const outcomes = await answered({ results }, (connection) => rail.send(connection, artefact, sending));
  expect(outcomes.map(({ reason }) => reason)).toEqual(['no\ufffdsuch', 'bad\ufffd', 'x'.repeat(64)]);
});
