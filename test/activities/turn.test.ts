import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { asyncLocalStorage, Context } from '@temporalio/activity';
import type { ActivityDeps } from '../../activities/deps.js';
import { loadBatchActivity } from '../../activities/load-batch.js';
import { payChunkActivity } from '../../activities/pay-chunk.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';

jest.setTimeout(120_000);

const CHUNK = 128;

let world: PayingWorld;
beforeAll(async () => {
  world = await openPayingWorld();
  await world.connect({ endpoint: 'single' });
});
afterAll(async () => {
  await world?.close();
});

const deps = (): ActivityDeps => ({
  contextOf: async () => world.worker(),
  requestOf: async () => null,
  log: () => {},
  window: 1,
  historyEvents: 100,
});

/** Runs as an activity does, under a signal that stops it. */
const asActivity = <T>(work: () => Promise<T>, cancellationSignal = new AbortController().signal): Promise<T> => {
  const info = { workflowExecution: { workflowId: 'test', runId: 'test' }, activityId: '1', attempt: 1 };
  const context = Object.assign(Object.create(Context.prototype), { info, cancellationSignal, heartbeat: () => {} }) as Context;
  return asyncLocalStorage.run(context, work);
};

const pay = (batchId: string, turn: { chunk: number; chunks?: number }, signal?: AbortSignal) =>
  asActivity(() => payChunkActivity(deps())({ tenantId: world.home.tenantId, batchId, ...turn }), signal);

const paid = async (batchId: string): Promise<number | undefined> => (await world.view(batchId))?.counter.paid;

test('a turn pays its chunks and no other, also when it comes twice', async () => {
  const batchId = await world.executing(tokens(CHUNK * 3));
  const before = (await world.provider.books()).count;
  expect(await pay(batchId, { chunk: 0, chunks: 2 })).toEqual({ kind: 'paid', sent: CHUNK });
  expect(await paid(batchId)).toBe(CHUNK * 2);
  expect(await pay(batchId, { chunk: 0, chunks: 2 })).toEqual({ kind: 'resolved' });
  expect(await paid(batchId)).toBe(CHUNK * 2);
  expect(await pay(batchId, { chunk: 2 })).toEqual({ kind: 'paid', sent: CHUNK });
  expect((await world.view(batchId))?.control.state).toBe('completed');
  expect((await world.provider.books()).count).toBe(before + CHUNK * 3);
  expect(await world.broken()).toEqual([]);
});

test('a turn ends at a chunk that may not be sent', async () => {
  const batchId = await world.executing(tokens(CHUNK * 2));
  const ctx = world.worker();
  let chunks = 0;
  const pausing: ActivityDeps = {
    ...deps(),
    contextOf: async () => ({
      ...ctx,
      services: {
        ...ctx.services,
        failpoint: async (name) => {
          if (name !== 'between_chunks') return;
          chunks++;
          await world.sql('UPDATE batch_control SET paused_at = now(), row_version = row_version + 1 WHERE batch_id = $1 AND paused_at IS NULL', [
            batchId,
          ]);
        },
      },
    }),
  };
  const report = await asActivity(() => payChunkActivity(pausing)({ tenantId: world.home.tenantId, batchId, chunk: 0, chunks: 2 }));
  expect(report).toEqual({ kind: 'halted', halt: 'paused' });
  expect({ paid: await paid(batchId), chunks }).toEqual({ paid: CHUNK, chunks: 2 });
});

test('a turn that must stop leaves its other chunks to the next turn', async () => {
  const batchId = await world.executing(tokens(CHUNK * 2));
  await expect(pay(batchId, { chunk: 0, chunks: 2 }, AbortSignal.abort(new Error('the worker stops')))).rejects.toThrow('the worker stops');
  expect(await paid(batchId)).toBe(CHUNK);
  await pay(batchId, { chunk: 0, chunks: 2 });
  expect(await paid(batchId)).toBe(CHUNK * 2);
});

test('a run pays several small chunks a turn, and never so many that a lane of its window stands idle', async () => {
  const load = (batchId: string, window: number) =>
    asActivity(() => loadBatchActivity({ ...deps(), window })({ tenantId: world.home.tenantId, batchId }));
  const batchId = await world.executing(tokens(CHUNK * 33));
  expect(await load(batchId, 1)).toMatchObject({ chunks: 33, chunksATurn: 8 });
  expect(await load(batchId, 2)).toMatchObject({ chunksATurn: 4 });
  expect(await load(batchId, 16)).toMatchObject({ chunksATurn: 1 });
});
