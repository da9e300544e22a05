import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { asyncLocalStorage, Context } from '@temporalio/activity';
import { createBatchActivities, createChunkActivities } from '../../activities/create.js';
import type { BatchPlace } from '../../activities/deps.js';
import { expirePayoutBatch } from '../../operations/payout-batch/expire.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';

jest.setTimeout(120_000);

const WHY = 'an older copy was put back';
const recovering = { recovery: { reason: () => WHY } };

let world: PayingWorld;
beforeAll(async () => {
  world = await openPayingWorld();
});
afterAll(() => world?.close());

const asActivity = <T>(work: () => Promise<T>): Promise<T> => {
  const info = { workflowExecution: { workflowId: 'test', runId: 'test' }, activityId: '1', attempt: 1 };
  const context = Object.assign(Object.create(Context.prototype), { info, heartbeat: () => {} }) as Context;
  return asyncLocalStorage.run(context, work);
};

const books = async () => ({
  provider: (await world.provider.books()).count,
  rows: await world.sql(`SELECT (SELECT jsonb_agg(to_jsonb(c) ORDER BY batch_id) FROM batch_control c) AS control,
    (SELECT jsonb_agg(to_jsonb(i) ORDER BY batch_id, ordinal) FROM payout_item i) AS items, (SELECT jsonb_agg(to_jsonb(r) ORDER BY batch_id) FROM batch_run r) AS runs,
    (SELECT count(*) FROM dispatch) AS dispatches, (SELECT count(*) FROM audit_event) AS events`),
});

/** A batch that executes, and one whose deadline has passed. */
const batches = async () => {
  const ready = await world.executing(tokens(3));
  const overdue = await world.queued(tokens(2));
  await world.sql(`UPDATE batch_control SET deadline_at = now() - interval '1 hour', row_version = row_version + 1 WHERE batch_id = $1`, [overdue]);
  return { ready, overdue };
};

test('in recovery mode every activity, also a new one, fails to be tried again and changes nothing (R15)', async () => {
  const { ready, overdue } = await batches();
  const deps = { contextOf: async () => world.worker(recovering), requestOf: async () => null, log: () => {}, window: 1, historyEvents: 100 };
  const activities = { ...createBatchActivities(deps), ...createChunkActivities(deps) } as unknown as Record<
    string,
    (place: BatchPlace & { chunk: number }) => Promise<unknown>
  >;
  const before = await books();
  for (const [name, activity] of Object.entries(activities))
    for (const batchId of [ready, overdue]) {
      const failed = await asActivity(() => activity({ tenantId: world.home.tenantId, batchId, chunk: 0 })).catch((error: unknown) => error);
      expect({ name, failed }).toMatchObject({ name, failed: { nonRetryable: false, message: expect.stringContaining(WHY) } });
    }
  expect(await books()).toEqual(before);
});

test('a batch whose deadline has passed does not expire in recovery mode: it may have been paid since the copy was made', async () => {
  const { overdue } = await batches();
  const before = await books();
  expect(await expirePayoutBatch(world.worker(recovering), { batch_id: overdue })).toMatchObject({ ok: false, refusal: { code: 'recovery_mode' } });
  expect(await books()).toEqual(before);
});
