import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import type { Clock, LeafSignal } from '../../api/deps.js';
import { batchEvents } from '../../api/events/batch-events.js';
import type { Exchange } from '../../api/exchange.js';
import type { Transport } from '../../client/send.js';
import { parseEvents, streamEvents } from '../../client/stream.js';
import { type Refusal, refuse } from '../../domain/result.js';
import type { Context } from '../../operations/context.js';
import type { StoredEvent } from '../../operations/stores/audit.js';
import { until } from '../harness/until.js';

/** The log as the stream reads it. The test decides when an event is sequenced. */
const sealed: { index: bigint; action: string }[] = [];
let state = 'executing';
let unsealed = false;
const wakes = new Set<() => void>();
let draining = new AbortController();
/** Why the caller may not read any more. */
let ended: Refusal | null = null;
let asked = 0;
/** A clock that the test drives: it stands still until `pass`. */
let time = 0;
const alarms = new Set<{ at: number; ring: () => void }>();
const clock: Clock = {
  now: () => time,
  alarm: (ms, ring) => {
    const alarm = { at: time + ms, ring };
    alarms.add(alarm);
    return () => alarms.delete(alarm);
  },
};
const pass = (ms: number): void => {
  time += ms;
  for (const alarm of [...alarms]) if (alarm.at <= time && alarms.delete(alarm)) alarm.ring();
};

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
    { leaves, draining: draining.signal, clock },
    {
      show: async () => (req.params.id === 'none' ? refuse('not_found', 'There is no such batch.') : { ok: true, value: { state } as never }),
      toWire: (event: StoredEvent) => ({ action: event.action }),
    },
  );
  const result = await handler(ctx, { batch_id: BATCH }, { req, res, requestId: 'r' } as unknown as Exchange, async () => {
    asked++;
    return ended;
  });
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
  transport = {
    baseUrl: `http://127.0.0.1:${port}`,
    headers: {},
    fetch,
    retry: { attempts: 3, attemptsInFlight: 3, pauseMs: 1, rateWaitMaxMs: 0, sleep: async () => {} },
  };
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
  ended = null;
  asked = 0;
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

describe('a credential that ends under an open stream', () => {
  const REVOKED = refuse('unauthenticated', 'This credential is unknown, revoked or expired.').refusal;
  /** Reads events until the stream closes; `after` each one. */
  const read = async (after: (name: string) => void): Promise<{ name: string; data: unknown }[]> => {
    const seen: { name: string; data: unknown }[] = [];
    const { body } = await eventsOf();
    const text = body?.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>;
    for await (const { name, data } of parseEvents(text)) {
      seen.push({ name, data });
      after(name);
    }
    return seen;
  };

  test('is noticed at the next wake, before what woke it is sent', async () => {
    seal(1, 'batch.create');
    const seen = await read((name) => {
      if (name !== 'progress') return;
      ended = REVOKED;
      seal(2, 'gate.approve');
    });
    expect(seen.map(({ name }) => name)).toEqual(['audit', 'progress', 'problem']);
    expect(seen.at(-1)?.data).toMatchObject({ code: 'unauthenticated', status: 401, detail: REVOKED.detail, request_id: 'r' });
  });

  test('is noticed when nothing happens, once time has passed', async () => {
    seal(1, 'batch.create');
    const seen = await read((name) => {
      if (name !== 'progress') return;
      ended = REVOKED;
      // The stream sets its alarm after this event was read.
      until('the stream waits', async () => (alarms.size > 0 ? true : undefined)).then(() => pass(15_000));
    });
    expect(seen.map(({ name }) => name)).toEqual(['audit', 'progress', 'problem']);
  });

  test('is noticed within the events of one look, when sending them takes longer than 15 s', async () => {
    for (let index = 1; index <= 5; index++) seal(index, 'chunk.settle');
    const wire = stores.audit.ofBatch;
    stores.audit.ofBatch = async (...given) => {
      const events = await wire(...given);
      ended = REVOKED;
      pass(15_000);
      return events;
    };
    const seen = await read(() => {}).finally(() => {
      stores.audit.ofBatch = wire;
    });
    expect(seen.map(({ name }) => name)).toEqual(['problem']);
    expect(asked).toBe(2);
  });
});

test('draining ends open streams; a batch that is not there is a problem', async () => {
  seal(1, 'batch.create');
  const open = await eventsOf();
  draining.abort();
  expect(await open.text()).toContain('id:1');
  expect((await fetch(`${transport.baseUrl}/v1/payout-batches/none/events`)).status).toBe(404);
});
