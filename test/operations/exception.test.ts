import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { booksProbes } from '../../api/books-probes.js';
import { openDatabase } from '../../db/transaction/open.js';
import { endException, raiseException } from '../../operations/exception/raise.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';

let world: PayingWorld;
beforeAll(async () => {
  world = await openPayingWorld();
}, 120_000);
afterAll(() => world?.close());

const raise = (batchId: string, ordinals: readonly number[]) =>
  world.worker().inTenant((stores) => raiseException(world.worker(), stores, { kind: 'unknown_key_expired', batchId, ordinals }));
const openOf = (batchId: string) => world.worker().inTenant((stores) => stores.exceptions.openOf(batchId));
/** How many items each alert of the batch brought. */
const alerts = async (batchId: string): Promise<number[]> => {
  const rows = await world.sql<{ count: number }>(
    `SELECT (detail -> 'count')::int AS count FROM audit_event WHERE subject_type = 'batch' AND subject_id = $1 AND action = 'exception.raise' ORDER BY subject_seq`,
    [batchId],
  );
  return rows.map(({ count }) => count);
};
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

test('130 items of two chunks are one exception with 130 items and their sum, each once, and each news is one alert', async () => {
  const batchId = await world.queued(tokens(130));
  const total = (await world.view(batchId))?.content?.total;
  await raise(batchId, range(0, 128));
  await raise(batchId, range(126, 130));
  await raise(batchId, range(0, 130));
  const open = await openOf(batchId);
  expect(open.map(({ kind, itemCount, openCount, amount, openAmount }) => ({ kind, itemCount, openCount, amount, openAmount }))).toEqual([
    { kind: 'unknown_key_expired', itemCount: 130, openCount: 130, amount: total, openAmount: total },
  ]);
  expect(await alerts(batchId)).toEqual([128, 2]);
});

test('sixteen who raise at once make one exception', async () => {
  const batchId = await world.queued(tokens(16));
  await Promise.all(range(0, 16).map((ordinal) => raise(batchId, [ordinal, (ordinal + 1) % 16])));
  expect((await openOf(batchId)).map(({ itemCount }) => itemCount)).toEqual([16]);
  expect((await alerts(batchId)).reduce((sum, count) => sum + count, 0)).toBe(16);
});

test('what is over by itself is ended, and what comes later is an exception of its own', async () => {
  const batchId = await world.queued(tokens(1));
  const away = () =>
    world.worker().inTenant((stores) => raiseException(world.worker(), stores, { kind: 'provider_unavailable', batchId, detail: { failures: 1 } }));
  const back = () => world.worker().inTenant((stores) => endException(stores, 'provider_unavailable', batchId));
  const first = await away();
  expect(await away()).toMatchObject({ id: first.id, fresh: false });
  await back();
  await back();
  expect(await openOf(batchId)).toEqual([]);
  expect((await world.results(batchId, 'exception.end')).length).toBe(1);
  expect((await away()).id).not.toBe(first.id);
});

test('the metric counts what is open, by kind, over all workspaces', async () => {
  const database = openDatabase(world.database.urls.api, 1);
  try {
    const probe = booksProbes(database.sql).find(({ name }) => name === 'sluice_exceptions_open');
    const value = async () => (await probe?.read())?.find(({ labels }) => labels?.kind === 'unknown_payee_deleted')?.value;
    expect(await value()).toBe(0);
    const batchId = await world.queued(tokens(1));
    await world.worker().inTenant((stores) => raiseException(world.worker(), stores, { kind: 'unknown_payee_deleted', batchId, ordinals: [0] }));
    expect(await value()).toBe(1);
  } finally {
    await database.close();
  }
});
