import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { toItemId } from '../../domain/ids.js';
import { unknownOutcome } from '../../domain/item/evidence.js';
import { lookUpDue } from '../../operations/chunk/look-up-due.js';
import { payChunk } from '../../operations/chunk/pay.js';
import { resolveItems } from '../../operations/chunk/resolve.js';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import type { Services } from '../../operations/ports.js';
import type { Rail } from '../../operations/rail.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';
import { must } from '../world/wire.js';

jest.setTimeout(120_000);

let world: PayingWorld;
beforeAll(async () => {
  world = await openPayingWorld();
  await world.connect({ endpoint: 'single' });
});
afterAll(() => world?.close());

const quiet = () => {};
const HALTED = { kind: 'halted', halt: 'provider_unavailable' };

/** A provider that takes everything in and whose answers are all lost: what it is asked, and how often payments were sent to it. */
const deaf = () => {
  const calls = { sends: 0, lookups: 0 };
  const real = world.services.rails.get('sandbox') as Rail;
  const send: Rail['send'] = async (connection, artefact, sending) => {
    calls.sends++;
    await real.send(connection, artefact, sending);
    return artefact.payments.map(({ key }) => unknownOutcome(key, 'no_answer'));
  };
  const lookup: Rail['lookup'] = async (_connection, keys) => {
    calls.lookups++;
    return keys.map((key) => ({ key, answer: { kind: 'unavailable' } }));
  };
  return { calls, rails: new Map([['sandbox', { ...real, send, lookup }]]) satisfies Services['rails'] };
};

const attention = async (batchId: string): Promise<string[]> => must(await showPayoutBatch(world.api(), { batch_id: batchId })).attention;
/** What a pause of the connection, and the times of lookups, have come to. */
const later = async (batchId: string): Promise<void> => {
  await world.sql(`UPDATE connection_health SET retry_at = now() - interval '1 second'`);
  await world.sql('UPDATE payout_item SET look_up_at = now() WHERE batch_id = $1 AND look_up_at IS NOT NULL', [batchId]);
};
const CHUNK = 128;

test('a dispatch whose lease was over before it was sent says nothing about the provider: others go on', async () => {
  const batchId = await world.executing(tokens(CHUNK));
  const other = await world.executing(tokens(2));
  const { calls, rails } = deaf();
  // The process stands still between the intent and the send, until the lease is over.
  const clock = performance.now.bind(performance);
  const failpoint = async (name: string) => {
    if (name === 'after_intent') jest.spyOn(performance, 'now').mockImplementation(() => clock() + 3_600_000);
  };
  expect(await payChunk(world.worker({ rails, failpoint }), { batchId, chunk: 0 }, quiet)).toEqual({ kind: 'resolved' });
  jest.restoreAllMocks();
  expect(calls.sends).toBe(0);
  expect(await attention(batchId)).not.toContain('provider_unavailable');
  expect(await payChunk(world.worker(), { batchId: other, chunk: 0 }, quiet)).toMatchObject({ kind: 'paid' });
});

test('a provider that does not answer stops sending after one chunk, for all batches of its connection, and goes on by itself', async () => {
  const batchId = await world.executing(tokens(3 * CHUNK));
  const other = await world.executing(tokens(2));
  const { calls, rails } = deaf();
  expect(await payChunk(world.worker({ rails }), { batchId, chunk: 0 }, quiet)).toEqual(HALTED);
  for (const place of [
    { batchId, chunk: 1 },
    { batchId, chunk: 2 },
    { batchId: other, chunk: 0 },
  ])
    expect(await payChunk(world.worker({ rails }), place, quiet)).toEqual(HALTED);
  expect(calls.sends).toBe(1);
  expect(await world.counter(batchId)).toMatchObject({ open: 3 * CHUNK, unknown: CHUNK });
  for (const id of [batchId, other]) expect(await attention(id)).toContain('provider_unavailable');
  expect(await world.results(batchId, 'exception.raise')).toEqual(['ok']);

  // The pause is over, but nothing was heard: still nobody sends. Then a look-up is answered, and one chunk tries.
  await later(batchId);
  expect(await payChunk(world.worker({ rails }), { batchId, chunk: 1 }, quiet)).toEqual(HALTED);
  await lookUpDue(world.worker(), batchId, quiet);
  expect(await world.counter(batchId)).toMatchObject({ paid: CHUNK, unknown: 0 });
  const reports = await Promise.all([1, 2].map((chunk) => payChunk(world.worker(), { batchId, chunk }, quiet)));
  expect(reports).toContainEqual({ kind: 'paid', sent: CHUNK });
  for (const chunk of [1, 2]) await payChunk(world.worker(), { batchId, chunk }, quiet);
  expect((await world.view(batchId))?.control).toMatchObject({ state: 'completed', outcome: 'full' });
  expect(await attention(batchId)).toEqual([]);
  expect(await attention(other)).toEqual([]);
  expect(await payChunk(world.worker(), { batchId: other, chunk: 0 }, quiet)).toEqual({ kind: 'paid', sent: 2 });
  expect(await world.broken()).toEqual([]);
});

test('of many chunks that might try again exactly one does, and a failure makes the pause longer', async () => {
  const batchId = await world.executing(tokens(4 * CHUNK));
  const { calls, rails } = deaf();
  await payChunk(world.worker({ rails }), { batchId, chunk: 0 }, quiet);
  const pause = async () =>
    (await world.sql<{ ms: number }>(`SELECT extract(epoch FROM retry_at - now())::float8 * 1000 AS ms FROM connection_health`))[0]?.ms ?? 0;
  const first = await pause();
  await later(batchId);
  await lookUpDue(world.worker(), batchId, quiet);
  await later(batchId);
  const reports = await Promise.all([1, 2, 3].map((chunk) => payChunk(world.worker({ rails }), { batchId, chunk }, quiet)));
  expect(reports).toEqual([HALTED, HALTED, HALTED]);
  expect(calls.sends).toBe(2);
  expect(await pause()).toBeGreaterThan(first);
  await later(batchId);
  for (let i = 0; i < 4; i++) {
    await lookUpDue(world.worker(), batchId, quiet);
    await later(batchId);
    for (const chunk of [1, 2, 3]) await payChunk(world.worker(), { batchId, chunk }, quiet);
  }
  expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: 4 * CHUNK });
  expect((await world.view(batchId))?.control.state).toBe('completed');
  expect(await world.broken()).toEqual([]);
});

test('a provider that is down is asked about one chunk of a round, and not about each', async () => {
  const batchId = await world.executing(tokens(3 * CHUNK));
  // The answers of three chunks are lost one by one, before anybody knows that the provider is down.
  for (const chunk of [0, 1, 2]) {
    await world.sql('DELETE FROM connection_health');
    await payChunk(world.worker({ rails: deaf().rails }), { batchId, chunk }, quiet);
  }
  await later(batchId);
  const { calls, rails } = deaf();
  const nextMs = await lookUpDue(world.worker({ rails }), batchId, quiet);
  expect(calls.lookups).toBe(1);
  expect(nextMs).not.toBeNull();
  await lookUpDue(world.worker(), batchId, quiet);
  await later(batchId);
  await lookUpDue(world.worker(), batchId, quiet);
  expect((await world.view(batchId))?.control.state).toBe('completed');
  expect((await world.provider.payments()).some(({ idempotency_key }) => idempotency_key === toItemId(batchId, 0))).toBe(true);
});

test('the chunk that has waited longest is asked about first, so that a silent provider hides none behind the others', async () => {
  const batchId = await world.executing(tokens(3 * CHUNK));
  for (const chunk of [0, 1, 2]) {
    await world.sql('DELETE FROM connection_health');
    await payChunk(world.worker({ rails: deaf().rails }), { batchId, chunk }, quiet);
  }
  await world.sql(`UPDATE payout_item SET look_up_at = now() - (ordinal / $2::int) * interval '1 second' WHERE batch_id = $1`, [batchId, CHUNK]);
  const asked: string[] = [];
  const real = world.services.rails.get('sandbox') as Rail;
  const lookup: Rail['lookup'] = async (_connection, keys) => {
    asked.push(...keys);
    return keys.map((key) => ({ key, answer: { kind: 'unavailable' } }));
  };
  await lookUpDue(world.worker({ rails: new Map([['sandbox', { ...real, lookup }]]) }), batchId, quiet);
  expect(asked[0]).toBe(toItemId(batchId, 2 * CHUNK));
  await later(batchId);
  await lookUpDue(world.worker(), batchId, quiet);
  expect((await world.view(batchId))?.control.state).toBe('completed');
  await world.sql('DELETE FROM connection_health');
});

test('a batch whose last chunk was not answered ends by what is found, and nothing is left to look at', async () => {
  const batchId = await world.executing(tokens(8));
  expect(await payChunk(world.worker({ rails: deaf().rails }), { batchId, chunk: 0 }, quiet)).toEqual(HALTED);
  await later(batchId);
  // Evidence ends it, whatever brings it: no round of lookups follows.
  await resolveItems(world.worker(), { batchId, chunk: 0, ordinals: Array.from({ length: 8 }, (_, ordinal) => ordinal) }, quiet);
  expect((await world.view(batchId))?.control).toMatchObject({ state: 'completed', outcome: 'full' });
  expect(await attention(batchId)).toEqual([]);
  expect(await world.results(batchId, 'exception.end')).toEqual(['ok']);
  // The next dispatch of the connection is the one that finds out that it answers again.
  const next = await world.executing(tokens(2));
  expect(await payChunk(world.worker(), { batchId: next, chunk: 0 }, quiet)).toEqual({ kind: 'paid', sent: 2 });
  expect(await world.sql('SELECT 1 FROM connection_health')).toEqual([]);
  expect(await world.broken()).toEqual([]);
});

test('what has nothing left to send learns by a look-up that the provider answers again, long before it is settled', async () => {
  const batchId = await world.executing(tokens(8));
  expect(await payChunk(world.worker({ rails: deaf().rails }), { batchId, chunk: 0 }, quiet)).toEqual(HALTED);
  expect((await world.view(batchId))?.openExceptions).toEqual(['provider_unavailable']);
  const submitted: Rail['lookup'] = async (_connection, keys) =>
    keys.map((key) => ({ key, answer: { kind: 'found', outcome: { ...unknownOutcome(key, 'taken in'), outcome: 'submitted', rank: 1 } } }));
  const real = world.services.rails.get('sandbox') as Rail;
  await later(batchId);
  await lookUpDue(world.worker({ rails: new Map([['sandbox', { ...real, lookup: submitted }]]) }), batchId, quiet);
  expect(await world.counter(batchId)).toMatchObject({ open: 8, submitted: 8 });
  expect((await world.view(batchId))?.openExceptions).toEqual([]);
});

test('a chunk that can not be looked up keeps no other from it', async () => {
  const batchId = await world.executing(tokens(3 * CHUNK));
  for (const chunk of [0, 1, 2]) {
    await world.sql('DELETE FROM connection_health');
    await payChunk(world.worker({ rails: deaf().rails }), { batchId, chunk }, quiet);
  }
  await later(batchId);
  const real = world.services.rails.get('sandbox') as Rail;
  const lookup: Rail['lookup'] = async (connection, keys, silentMs) => {
    if (keys[0] === toItemId(batchId, 0)) throw new Error('its answer is not to be read');
    return real.lookup(connection, keys, silentMs);
  };
  await expect(lookUpDue(world.worker({ rails: new Map([['sandbox', { ...real, lookup }]]) }), batchId, quiet)).rejects.toThrow('not to be read');
  expect(await world.counter(batchId)).toMatchObject({ paid: 2 * CHUNK, unknown: CHUNK });
});

test('one payment whose answer is lost stops nobody; three dispatches in a row do, small as they are', async () => {
  const { rails } = deaf();
  await world.sql('DELETE FROM connection_health');
  const alone = async () => ({ batchId: await world.executing(tokens(1)), chunk: 0 });
  const lost = [await alone(), await alone(), await alone()];
  for (const place of lost.slice(0, 2)) expect(await payChunk(world.worker({ rails }), place, quiet)).toEqual({ kind: 'paid', sent: 1 });
  const heard = await alone();
  expect(await payChunk(world.worker(), heard, quiet)).toEqual({ kind: 'paid', sent: 1 });
  // That answer began the count anew.
  expect(await payChunk(world.worker({ rails }), lost[2] ?? heard, quiet)).toEqual({ kind: 'paid', sent: 1 });
  for (const expected of [{ kind: 'paid', sent: 1 }, HALTED]) expect(await payChunk(world.worker({ rails }), await alone(), quiet)).toEqual(expected);
  expect(await payChunk(world.worker(), await alone(), quiet)).toEqual(HALTED);
  await world.sql('DELETE FROM connection_health');
});
