import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { asyncLocalStorage, Context } from '@temporalio/activity';
import { createBatchActivities, createChunkActivities } from '../../activities/create.js';
import type { BatchPlace } from '../../activities/deps.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';

jest.setTimeout(120_000);

/** Every activity by its wire name; a new one is tested here without a line of its own. */
const activitiesOf = (world: PayingWorld) => {
  const deps = {
    contextOf: async (tenantId: string) => world.worker({}, tenantId),
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

/** The part of the SDK that an activity uses: its info, and the receiver of its heartbeats. */
const asActivity = <T>(work: () => Promise<T>): Promise<T> => {
  const info = { workflowExecution: { workflowId: 'test', runId: 'test' }, activityId: '1', attempt: 1 };
  const context = Object.assign(Object.create(Context.prototype), { info, heartbeat: () => {} }) as Context;
  return asyncLocalStorage.run(context, work);
};

let world: PayingWorld;

beforeAll(async () => {
  world = await openPayingWorld();
});

afterAll(async () => {
  await world?.close();
});

const books = async () => ({
  provider: (await world.provider.books()).count,
  rows: await (async () => {
    return world.sql(`SELECT (SELECT jsonb_agg(to_jsonb(c) ORDER BY batch_id) FROM batch_control c) AS control, (SELECT jsonb_agg(to_jsonb(i) ORDER BY batch_id, ordinal) FROM payout_item i) AS items,
      (SELECT count(*) FROM dispatch) AS attempts, (SELECT count(*) FROM audit_event) AS events`);
  })(),
});

test('every job given the batch of another workspace finds nothing and changes nothing [S1-10]', async () => {
  const other = await world.workspace();
  const ready = await world.executing(tokens(3));
  const overdue = await world.queued(tokens(2));
  await world.sql(`UPDATE batch_control SET deadline_at = now() - interval '1 hour', row_version = row_version + 1 WHERE batch_id = $1`, [overdue]);
  const activities = activitiesOf(world);
  expect(Object.keys(activities).sort()).toEqual(['expireBatch', 'loadBatch', 'lookUpDue', 'payChunk', 'takeIn']);
  const before = await books();
  for (const [name, activity] of Object.entries(activities))
    for (const batchId of [ready, overdue]) {
      const answer = await asActivity(() => activity({ tenantId: other.tenantId, batchId, chunk: 0 })).catch((error: unknown) => error);
      expect({ name, answer }).toEqual({ name, answer: SEES_NOTHING[name] });
    }
  expect(await books()).toEqual(before);

  // In the batch's own workspace the same jobs do their work, so the test above means something.
  await asActivity(() => activities['payChunk']?.({ tenantId: world.home.tenantId, batchId: ready, chunk: 0 }) ?? Promise.reject());
  await asActivity(() => activities['expireBatch']?.({ tenantId: world.home.tenantId, batchId: overdue, chunk: 0 }) ?? Promise.reject());
  expect((await world.view(ready))?.control.state).toBe('completed');
  expect((await world.view(overdue))?.control.state).toBe('expired');
});

const ABSENT = expect.objectContaining({ type: 'not_found', nonRetryable: true });

const SEES_NOTHING: Record<string, unknown> = {
  loadBatch: ABSENT,
  expireBatch: ABSENT,
  lookUpDue: null,
  payChunk: { kind: 'halted', halt: 'not_executing' },
};
