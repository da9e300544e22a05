import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../harness/until.js';
import { tokens } from '../operations/pay-scene.js';
import { type WorkerScene, workerScene } from './worker-scene.js';

let scene: WorkerScene;
beforeAll(async () => {
  scene = await workerScene();
  await scene.start();
}, 120_000);
afterAll(() => scene?.close(), 60_000);

describe('a payout batch on real servers', () => {
  test('[S1-23] waits at its gates, pays, completes, and its run ends', async () => {
    const batchId = await scene.queued(tokens(10));
    await until('the workflow to wait for approve', async () => {
      const progress = await scene.handle(batchId).query<{ doing: string }>('progress');
      return progress.doing === 'waits for approve' ? true : undefined;
    });
    await scene.openUpTo('execute', batchId);
    const view = await scene.reaches(batchId, 'completed');
    expect(view.counter).toMatchObject({ paid: 10, open: 0 });
    expect(await scene.handle(batchId).result()).toEqual({ state: 'completed' });
    expect(await scene.broken()).toEqual([]);
  }, 60_000);
});
