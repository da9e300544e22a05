import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { toItemId } from '../../domain/ids.js';
import { intendChunk } from '../../operations/chunk/intend.js';
import { payChunk } from '../../operations/chunk/pay.js';
import { sendDispatch } from '../../operations/chunk/send.js';
import type { Context } from '../../operations/context.js';
import type { Services } from '../../operations/ports.js';
import type { Rail, Sending } from '../../operations/rail.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';

let world: PayingWorld;
let sends: { kind: Sending['kind']; keys: string[]; hash: string }[];
beforeAll(async () => {
  world = await openPayingWorld();
}, 120_000);
beforeEach(() => {
  sends = [];
});
afterAll(() => world?.close());

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const quiet = () => {};
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The sandbox rail, watched while it sends, for a provider that cannot fence; with `knows: 'nothing'` the provider never saw these payments. */
const watched = (knows: 'nothing' | 'what is there'): Services['rails'] => {
  const { fence: _cannot, ...real } = world.services.rails.get('sandbox') as Rail;
  const rail: Rail = {
    ...real,
    send: (connection, artefact, sending) => {
      sends.push({ kind: sending.kind, keys: artefact.payments.map(({ key }) => key), hash: hex(artefact.hash) });
      return real.send(connection, artefact, sending);
    },
    lookup: async (connection, keys, silentMs) =>
      knows === 'nothing' ? keys.map((key) => ({ key, answer: { kind: 'absent_final' } })) : real.lookup(connection, keys, silentMs),
  };
  return new Map([['sandbox', rail]]);
};

/** The worker with a database that looks as it will `laterMs` from now: the clock, and the age and lease of dispatches. */
const worker = (laterMs: number, services: Partial<Services>): Context => {
  const ctx = world.worker(services);
  return {
    ...ctx,
    inTenant: (work) =>
      ctx.inTenant((stores) => {
        const ofChunks: typeof stores.dispatches.ofChunks = async (batchId, chunks) =>
          (await stores.dispatches.ofChunks(batchId, chunks)).map((row) => ({
            ...row,
            leaseLeftMs: row.leaseLeftMs - laterMs,
            ageMs: row.ageMs + laterMs,
          }));
        return work({ ...stores, now: new Date(stores.now.getTime() + laterMs), dispatches: { ...stores.dispatches, ofChunks } });
      }),
  };
};

const dyingAt = (place: string) => async (passed: string) => {
  if (passed === place) throw new Error(`died at ${place}`);
};

/** A batch whose first attempt ended where a process died. */
const diedAt = async (place: 'after_intent' | 'after_send', count: number): Promise<string> => {
  const batchId = await world.executing(tokens(count));
  const dying = world.worker({ rails: watched('what is there'), failpoint: dyingAt(place) });
  await expect(payChunk(dying, { batchId, chunk: 0 }, quiet)).rejects.toThrow(`died at ${place}`);
  return batchId;
};

const keysOf = (batchId: string, count: number) => Array.from({ length: count }, (_, ordinal) => toItemId(batchId, ordinal));

describe('the lease of an attempt (R2)', () => {
  test('while it lasts nobody sends again, though the rail says that nothing is there; afterwards once, the same bytes under the same keys', async () => {
    const batchId = await diedAt('after_intent', 3);
    const rails = watched('nothing');
    await payChunk(worker(0, { rails }), { batchId, chunk: 0 }, quiet);
    expect(sends).toEqual([]);
    expect(await world.counter(batchId)).toMatchObject({ open: 3, unknown: 0 });

    const [first] = await world.worker().inTenant((stores) => stores.dispatches.ofChunks(batchId, [0]));
    await payChunk(worker(HOUR, { rails }), { batchId, chunk: 0 }, quiet);
    expect(sends).toEqual([{ kind: 'resend', keys: keysOf(batchId, 3), hash: hex(first?.artefactHash ?? new Uint8Array()) }]);
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: 3, failed: 0 });
    expect(await world.broken()).toEqual([]);
  });

  test('an attempt whose lease cannot outlast a call sends nothing, and says that it knows nothing', async () => {
    const batchId = await world.executing(tokens(2));
    const intent = await intendChunk(world.worker({ rails: watched('what is there') }), { batchId, chunk: 0 });
    if (intent.kind !== 'send') throw new Error(`the intent is ${intent.kind}`);
    const { leaseMs, capabilities } = intent.dispatch;
    const { outcomes, asked } = await sendDispatch(intent.dispatch, 'first', performance.now() - leaseMs + capabilities.timeoutMs, quiet);
    expect([sends, asked]).toEqual([[], false]);
    expect(outcomes.map(({ key, outcome }) => [key, outcome])).toEqual(keysOf(batchId, 2).map((key) => [key, 'unknown']));
  });
});

describe('sending again (R5)', () => {
  test('what the rail has is found by key and not sent again', async () => {
    const batchId = await diedAt('after_send', 3);
    await payChunk(worker(HOUR, { rails: watched('what is there') }), { batchId, chunk: 0 }, quiet);
    expect(sends.map(({ kind }) => kind)).toEqual(['first']);
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: 3 });
    expect(await world.broken()).toEqual([]);
  });

  test('past the life of its key nothing is sent again: it stays unknown, and a person decides', async () => {
    const batchId = await diedAt('after_intent', 2);
    for (let i = 0; i < 2; i++) await payChunk(worker(40 * DAY, { rails: watched('nothing') }), { batchId, chunk: 0 }, quiet);
    expect(sends).toEqual([]);
    expect(await world.counter(batchId)).toMatchObject({ open: 2, unknown: 2, failed: 0 });
    const open = await world.worker().inTenant((stores) => stores.exceptions.openOf(batchId));
    expect(open.map(({ kind }) => kind)).toEqual(['unknown_key_expired']);
  });

  test.each([
    [0, []],
    [10 * 60_000, ['resend']],
  ])('the life of a key has a margin for lease and acceptance: %i ms beyond them', async (spareMs, kinds) => {
    const batchId = await diedAt('after_intent', 1);
    const real = watched('nothing').get('sandbox') as Rail;
    const [first] = await world.worker().inTenant((stores) => stores.dispatches.ofChunks(batchId, [0]));
    const leaseMs = (first?.leaseUntil.getTime() ?? 0) - (first?.sentFrom.getTime() ?? 0);
    const acceptanceWindowMs = 10 * 60_000;
    const capabilities: Rail['capabilities'] = (connection) => {
      return { ...real.capabilities(connection), acceptanceWindowMs, keyTtlMs: HOUR + leaseMs + acceptanceWindowMs + spareMs };
    };
    await payChunk(worker(HOUR, { rails: new Map([['sandbox', { ...real, capabilities }]]) }), { batchId, chunk: 0 }, quiet);
    expect(sends.map(({ kind }) => kind)).toEqual(kinds);
  });
});

describe('what a lookup may say (R5)', () => {
  test('the acceptance window counts from the last moment at which bytes could have left', async () => {
    const batchId = await diedAt('after_intent', 1);
    const asked: number[] = [];
    const real = world.services.rails.get('sandbox') as Rail;
    const lookup: Rail['lookup'] = async (connection, keys, silentMs) => {
      asked.push(silentMs.get(keys[0] ?? '') ?? Number.NaN);
      return real.lookup(connection, keys, silentMs);
    };
    const [first] = await world.worker().inTenant((stores) => stores.dispatches.ofChunks(batchId, [0]));
    const leaseMs = (first?.leaseUntil.getTime() ?? 0) - (first?.sentFrom.getTime() ?? 0);
    expect(leaseMs).toBeGreaterThan(0);
    await payChunk(worker(0, { rails: new Map([['sandbox', { ...real, lookup }]]) }), { batchId, chunk: 0 }, quiet);
    await payChunk(worker(HOUR, { rails: new Map([['sandbox', { ...real, lookup }]]) }), { batchId, chunk: 0 }, quiet);
    // While the lease runs the silence is below zero: bytes may still leave.
    expect(asked[0]).toBeLessThan(0);
    expect(asked[1]).toBeLessThanOrEqual(HOUR);
    expect(asked[1]).toBeGreaterThan(HOUR - leaseMs);
  });

  test('an answer about an older attempt lets nothing be sent again', async () => {
    const batchId = await diedAt('after_intent', 2);
    const rails = watched('nothing');
    const real = rails.get('sandbox') as Rail;
    let overtaken = false;
    // Between the answer "absent" and the re-send that it allows, another process sends again and dies before it settles.
    const lookup: Rail['lookup'] = async (connection, keys, silentMs) => {
      const answers = await real.lookup(connection, keys, silentMs);
      if (!overtaken) {
        overtaken = true;
        const other = worker(HOUR, { rails, failpoint: dyingAt('after_send') });
        await expect(payChunk(other, { batchId, chunk: 0 }, quiet)).rejects.toThrow('died at after_send');
      }
      return answers;
    };
    await payChunk(worker(2 * HOUR, { rails: new Map([['sandbox', { ...real, lookup }]]) }), { batchId, chunk: 0 }, quiet);
    expect(sends.map(({ kind }) => kind)).toEqual(['resend']);
    expect((await world.provider.books()).duplicates).toBe(0);
    await payChunk(worker(3 * HOUR, { rails: new Map(world.services.rails) }), { batchId, chunk: 0 }, quiet);
    expect(await world.broken()).toEqual([]);
  });
});

describe('the time to pay (R1)', () => {
  test('an item that was not sent when execute_by passes is blocked, and its money released', async () => {
    const before = await world.balance(world.home.funding);
    const batchId = await world.executing(tokens(2), { execute_by: new Date(Date.now() + HOUR).toISOString() });
    await payChunk(worker(2 * HOUR, { rails: watched('what is there') }), { batchId, chunk: 0 }, quiet);
    expect(sends).toEqual([]);
    expect((await world.view(batchId))?.control).toMatchObject({ state: 'failed' });
    expect(await world.counter(batchId)).toMatchObject({ open: 0, blocked: 2 });
    expect(await world.balance(world.home.funding)).toBe(before);
    expect(await world.broken()).toEqual([]);
  });

  test('nothing is sent before execute_not_before', async () => {
    const batchId = await world.executing(tokens(1), { execute_not_before: new Date(Date.now() + HOUR).toISOString() });
    const rails = watched('what is there');
    expect(await payChunk(worker(0, { rails }), { batchId, chunk: 0 }, quiet)).toMatchObject({ kind: 'wait', reason: 'not_before' });
    expect(sends).toEqual([]);
    expect(await payChunk(worker(2 * HOUR, { rails }), { batchId, chunk: 0 }, quiet)).toEqual({ kind: 'paid', sent: 1 });
  });
});
