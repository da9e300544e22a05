import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Context } from '../../operations/context.js';
import { pausePayoutBatch } from '../../operations/payout-batch/pause.js';
import { until } from '../harness/until.js';
import { openWorld, type World } from '../world/open.js';
import type { Taken } from './lanes.js';

jest.setTimeout(120_000);

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const LANES = 8;
/** Longer than the pause between two looks at who waits. */
const HOLD_MS = 250;
/** Should the decision never get its turn, the lanes stop after this, and the count says why. */
const GIVE_UP_MS = 20_000;

/** Two processes of eight lanes that send without end. Ending them answers all that they took. */
const startLanes = async (batchId: string) => {
  const children = [0, LANES].map((first) => {
    const argv = [world.database.urls.worker, world.home.tenantId, batchId, first, LANES, HOLD_MS].map(String);
    const child = spawn(process.execPath, ['--import', 'tsx', 'test/operations/lanes.ts', ...argv], { stdio: ['pipe', 'pipe', 'inherit'] });
    return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
  });
  for (const { lines } of children) expect((await lines.next()).value).toBe('ready');
  return async (): Promise<Taken[]> => {
    const taken = await Promise.all(
      children.map(async ({ child, lines }) => {
        const ended = once(child, 'exit');
        child.stdin.end();
        const { value } = await lines.next();
        await ended;
        return JSON.parse(String(value)) as Taken[];
      }),
    );
    return taken.flat();
  };
};

/** Whether the API waits for a lock of any kind. The lanes are the worker's. */
const isWaiting = async (): Promise<boolean> => {
  const { username } = new URL(world.database.urls.api);
  const waits =
    'SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.datname = current_database() AND a.usename = $1 AND NOT l.granted';
  return (await world.sql(waits, [username])).length > 0;
};

/** The same context, which notes the end of its work, before its locks go: from then on lanes that asked later come in by right. */
const notingEnd = (ctx: Context): { ctx: Context; doneAt: () => number } => {
  let doneAt = 0;
  const inTenant: Context['inTenant'] = (work, options) =>
    ctx.inTenant(async (stores) => {
      const answer = await work(stores);
      doneAt = Date.now();
      return answer;
    }, options);
  return { ctx: { ...ctx, inTenant }, doneAt: () => doneAt };
};

/** How many lanes asked later than the decision and came first. */
const overtakers = async (batchId: string, of: Context, decide: (ctx: Context) => Promise<unknown>): Promise<number> => {
  const stop = await startLanes(batchId);
  await pause(3 * HOLD_MS);
  const { ctx, doneAt } = notingEnd(of);
  const turn = decide(ctx);
  const lanes = Promise.race([turn, pause(GIVE_UP_MS, undefined, { ref: false })]).then(stop);
  const queuedAt = await until('the decision to wait in the queue', async () => ((await isWaiting()) || doneAt() > 0 ? Date.now() : undefined));
  await turn;
  return (await lanes).filter((one) => one.askedAt > queuedAt && one.gotAt < doneAt()).length;
};

test('a pause gets its turn among sixteen lanes of two processes: none that asks later comes first (R1)', async () => {
  const admin = await world.person('admin');
  const batch = await world.batch();
  await world.openUpTo('execute', batch.id);
  expect(await overtakers(batch.id, world.as(admin), (ctx) => pausePayoutBatch(ctx, { batch_id: batch.id, reason: undefined }))).toBe(0);
});

test('so does whoever locks the workspace, for a freeze or the hold of a payee (R1)', async () => {
  const batch = await world.batch();
  await world.openUpTo('execute', batch.id);
  expect(await overtakers(batch.id, world.api(), (ctx) => ctx.inTenant((stores) => stores.workspaces.lock()))).toBe(0);
});
