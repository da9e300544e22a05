import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import express from 'express';
import type { LeafSignal } from '../../api/deps.js';
import { batchEvents } from '../../api/events/batch-events.js';
import type { Exchange } from '../../api/exchange.js';
import type { Transport } from '../../client/send.js';
import { streamEvents } from '../../client/stream.js';
import { refuse } from '../../domain/result.js';
import type { Context } from '../../operations/context.js';
import type { StoredEvent } from '../../operations/stores/audit.js';

/** The log as the stream reads it. The test decides when an event is sequenced. */
const sealed: { index: bigint; action: string }[] = [];
let state = 'executing';
let unsealed = false;
const wakes = new Set<() => void>();
let draining = new AbortController();

const BATCH = '0198c2aa-7c1e-7b3d-9f10-a4c2e6b80d11';
const stores = {
  audit: {
    ofBatch: async (_id: string, after: bigint | null, limit: number) =>
      sealed.filter(({ index }) => after === null || index > after).slice(0, limit),
    hasUnsequenced: async () => unsealed,
  },
};
const ctx = { inTenant: (work: (given: unknown) => unknown) => work(stores) } as unknown as Context;

const seal = (index: number, action: string): void => {
  sealed.push({ index: BigInt(index), action });
  for (const wake of wakes) wake();
};

const leaves: LeafSignal = {
  subscribe: (wake) => {
    wakes.add(wake);
    return () => wakes.delete(wake);
  },
};

const app = express();
app.get('/v1/payout-batches/:id/events', async (req, res) => {
  const handler = batchEvents(
    { leaves, draining: draining.signal },
    {
      show: async () => (req.params.id === 'none' ? refuse('not_found', 'There is no such batch.') : { ok: true, value: { state } as never }),
      toWire: (event: StoredEvent) => ({ action: event.action }),
    },
  );
  const result = await handler(ctx, { batch_id: BATCH }, { req, res } as unknown as Exchange);
  if (!result.ok)
    res
      .status(404)
      .type('application/problem+json')
      .send(JSON.stringify({ code: result.refusal.code, detail: '', request_id: 'r' }));
});
const server = createServer(app);
let transport: Transport;

beforeAll(async () => {
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  const { port } = server.address() as AddressInfo;
  transport = { baseUrl: `http://127.0.0.1:${port}`, headers: {}, fetch, retry: { attempts: 3, pauseMs: 1, sleep: async () => {} } };
});
afterAll(() => {
  draining.abort();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  sealed.length = 0;
  unsealed = false;
  state = 'executing';
  draining = new AbortController();
});

const eventsOf = (headers: Record<string, string> = {}) => fetch(`${transport.baseUrl}/v1/payout-batches/b/events`, { headers });

test('events come in the order of the log with their index as id, live, and the stream ends after the last one', async () => {
  seal(3, 'batch.create');
  const seen: string[] = [];
  for await (const event of streamEvents(transport, 'b')) {
    seen.push(`${event.name} ${event.id}`);
    if (event.name === 'progress' && state === 'executing') {
      state = 'completed';
      seal(7, 'batch.complete');
    }
  }
  expect(seen).toEqual(['audit 3', 'progress null', 'audit 7', 'progress null', 'end null']);
});

test('Last-Event-ID resumes exactly after that event', async () => {
  for (const index of [2, 5, 9]) seal(index, 'chunk.settle');
  state = 'completed';
  const text = await (await eventsOf({ 'last-event-id': '2' })).text();
  expect([...text.matchAll(/^id:(.*)$/gm)].map(([, id]) => id)).toEqual(['5', '9']);
});

test('a terminal batch is not over while an event of it waits for its leaf', async () => {
  seal(1, 'chunk.settle');
  state = 'completed';
  unsealed = true;
  const seen: string[] = [];
  for await (const event of streamEvents(transport, 'b')) {
    seen.push(event.name);
    if (event.name === 'progress') {
      unsealed = false;
      seal(2, 'batch.complete');
    }
  }
  expect(seen).toEqual(['audit', 'progress', 'audit', 'end']);
});

test('a client that has every event of a terminal batch is answered not to come back', async () => {
  seal(4, 'batch.complete');
  state = 'completed';
  expect((await eventsOf({ 'last-event-id': '4' })).status).toBe(204);
  expect((await eventsOf({ 'last-event-id': '3' })).status).toBe(200);
});

test('after a broken connection the stream goes on where it was', async () => {
  seal(1, 'batch.create');
  const seen: string[] = [];
  for await (const event of streamEvents(transport, 'b')) {
    if (event.id) seen.push(event.id);
    if (event.name === 'progress' && sealed.length === 1) {
      seal(2, 'batch.complete');
      state = 'completed';
      server.closeAllConnections();
    }
  }
  expect(seen).toEqual(['1', '2']);
});

test('draining ends open streams; a batch that is not there is a problem', async () => {
  seal(1, 'batch.create');
  const open = await eventsOf();
  draining.abort();
  expect(await open.text()).toContain('id:1');
  expect((await fetch(`${transport.baseUrl}/v1/payout-batches/none/events`)).status).toBe(404);
});
