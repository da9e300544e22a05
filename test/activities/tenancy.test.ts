import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { asyncLocalStorage, Context } from '@temporalio/activity';
import { createBatchActivities, createChunkActivities } from '../../activities/create.js';
import type { BatchPlace } from '../../activities/deps.js';
import { type PayScene, payScene, tokens } from '../operations/pay-scene.js';

jest.setTimeout(120_000);

/** Every activity there is, by its name on the wire; a new one is tried here without being named. */
const activitiesOf = (scene: PayScene) => {
  const deps = {
    contextOf: async (tenantId: string) =>
      scene.as({ type: 'system', process: 'worker' }, { tenantId, role: 'worker', with: { rails: scene.rails } }),
    requestOf: async () => null,
    log: () => {},
    window: 1,
    historyEvents: 100,
  };
  return { ...createBatchActivities(deps), ...createChunkActivities(deps) } as unknown as Record<
    string,
    (place: BatchPlace & { chunk: number }) => Promise<unknown>
  >;
};

/** What an activity asks of the SDK: who runs it, and somebody to send heartbeats to. */
const asActivity = <T>(work: () => Promise<T>): Promise<T> => {
  const info = { workflowExecution: { workflowId: 'test', runId: 'test' }, activityId: '1', attempt: 1 };
  const context = Object.assign(Object.create(Context.prototype), { info, heartbeat: () => {} }) as Context;
  return asyncLocalStorage.run(context, work);
};

let scene: PayScene;

beforeAll(async () => {
  scene = await payScene();
});

afterAll(async () => {
  await scene?.close();
});

const books = async () => ({
  provider: (await scene.provider.books()).count,
  rows: await (async () => {
    await scene.enter(scene.home.tenantId);
    return scene.sql(`SELECT (SELECT jsonb_agg(to_jsonb(c) ORDER BY batch_id) FROM batch_control c) AS control, (SELECT jsonb_agg(to_jsonb(i) ORDER BY batch_id, ordinal) FROM payout_item i) AS items,
      (SELECT count(*) FROM payment_attempt) AS attempts, (SELECT count(*) FROM audit_event) AS events`);
  })(),
});

test('[S1-10] every job given the batch of another workspace finds nothing and changes nothing', async () => {
  const other = await scene.workspace('test', 1n);
  const ready = await scene.executing(tokens(3));
  const overdue = await scene.queued(tokens(2));
  await scene.enter(scene.home.tenantId);
  await scene.sql(`UPDATE batch_control SET deadline_at = now() - interval '1 hour', row_version = row_version + 1 WHERE batch_id = $1`, [overdue]);
  const activities = activitiesOf(scene);
  expect(Object.keys(activities).sort()).toEqual(['expireBatch', 'loadBatch', 'lookUpDue', 'payChunk']);
  const before = await books();
  for (const [name, activity] of Object.entries(activities))
    for (const batchId of [ready, overdue]) {
      const answer = await asActivity(() => activity({ tenantId: other.tenantId, batchId, chunk: 0 })).catch((error: unknown) => error);
      expect({ name, answer }).toEqual({ name, answer: SEES_NOTHING[name] });
    }
  expect(await books()).toEqual(before);

  // The same jobs in the batch's own workspace do their work: the test can tell the difference.
  await asActivity(() => activities['payChunk']?.({ tenantId: scene.home.tenantId, batchId: ready, chunk: 0 }) ?? Promise.reject());
  await asActivity(() => activities['expireBatch']?.({ tenantId: scene.home.tenantId, batchId: overdue, chunk: 0 }) ?? Promise.reject());
  expect((await scene.view(ready))?.control.state).toBe('completed');
  expect((await scene.view(overdue))?.control.state).toBe('expired');
});

const ABSENT = expect.objectContaining({ type: 'not_found', nonRetryable: true });

const SEES_NOTHING: Record<string, unknown> = {
  loadBatch: ABSENT,
  expireBatch: ABSENT,
  lookUpDue: null,
  payChunk: { kind: 'halted', halt: 'not_executing' },
};
