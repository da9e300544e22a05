import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { workflowBundle } from '../../worker/workflow-bundle.js';

const FOLDER = join(import.meta.dirname, '..', 'histories');
const histories = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));

let code: string;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  code = await workflowBundle();
}, 60_000);

const replay = (history: unknown) => Worker.runReplayHistory({ workflowBundle: { code } }, history);

describe('released runs replay on the workflows of today', () => {
  test('there is a history of each path', () => {
    expect(histories.sort()).toEqual([
      'continued.json',
      'expired.json',
      'happy.json',
      'paused.json',
      'provider-down.json',
      'refused-file.json',
      'rejected.json',
    ]);
  });

  test.each(histories)('%s', async (file) => {
    await replay(JSON.parse(readFileSync(join(FOLDER, file), 'utf8')));
  });

  test('a history that these workflows could not have made is noticed', async () => {
    const history = JSON.parse(readFileSync(join(FOLDER, 'happy.json'), 'utf8'));
    const scheduled = history.events.find((event: { activityTaskScheduledEventAttributes?: unknown }) => event.activityTaskScheduledEventAttributes);
    scheduled.activityTaskScheduledEventAttributes.activityType.name = 'payWithoutGates';
    await expect(replay(history)).rejects.toThrow(/[Nn]ondeterminism/);
  });
});
