import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { asyncLocalStorage, Context } from '@temporalio/activity';
import type { ActivityDeps } from '../../activities/deps.js';
import { loadBatchActivity } from '../../activities/load-batch.js';
import { lookUpDueActivity } from '../../activities/look-up-due.js';
import { payChunkActivity } from '../../activities/pay-chunk.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';

jest.setTimeout(120_000);

let world: PayingWorld;
beforeAll(async () => {
  world = await openPayingWorld();
  await world.connect({});
});
afterAll(() => world?.close());

const deps = (): ActivityDeps => ({
  contextOf: async () => world.worker(),
  requestOf: async () => null,
  log: () => {},
  window: 1,
  historyEvents: 100,
});

const asActivity = <T>(work: () => Promise<T>): Promise<T> => {
  const info = { workflowExecution: { workflowId: 'test', runId: 'test' }, activityId: '1', attempt: 1 };
  const context = { info, cancellationSignal: new AbortController().signal, heartbeat: () => {} };
  return asyncLocalStorage.run(Object.assign(Object.create(Context.prototype), context) as Context, work);
};

/** What the database knows of the batch's run: in how many seconds it shows itself again; undefined when it was never driven. */
const backIn = async (batchId: string): Promise<number | null | undefined> => {
  const [row] = await world.sql<{ seconds: number | null }>(
    'SELECT extract(epoch FROM due_at - driven_at)::float8 AS seconds FROM batch_run WHERE batch_id = $1 AND driven_at IS NOT NULL',
    [batchId],
  );
  return row?.seconds;
};

test('each step of a run notes that the batch was driven, and within what time it shows itself again (R13)', async () => {
  const place = (batchId: string) => ({ tenantId: world.home.tenantId, batchId });
  const waiting = await world.queued(tokens(1));
  expect(await backIn(waiting)).toBeUndefined();
  await asActivity(() => loadBatchActivity(deps())(place(waiting)));
  expect(await backIn(waiting)).toBeGreaterThan(3_600);

  const batchId = await world.executing(tokens(1));
  await asActivity(() => loadBatchActivity(deps())(place(batchId)));
  expect(await backIn(batchId)).toBe(0);
  await world.sql('UPDATE batch_run SET driven_at = NULL WHERE batch_id = $1', [batchId]);
  await asActivity(() => payChunkActivity(deps())({ ...place(batchId), chunk: 0 }));
  expect(await backIn(batchId)).toBe(0);
  await asActivity(() => lookUpDueActivity(deps())(place(batchId)));
  expect(await backIn(batchId)).toBeNull();
});
