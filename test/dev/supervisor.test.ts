import { expect, test } from '@jest/globals';
import type { Running } from '../../dev/stack/run-process.js';
import { SupervisedProcess } from '../../dev/stack/supervisor.js';
import { latch } from '../harness/latch.js';

test('a part that is stopped while it starts has ended when the stop returns', async () => {
  const steps: string[] = [];
  const running = latch<Running>();
  const part = new SupervisedProcess(
    'postgres',
    () => running.opened,
    ({ words }) => void steps.push(words),
  );
  const started = part.start();
  const stopped = part.stop().then(() => steps.push('stop is over'));
  running.open({ pid: 1, ready: Promise.resolve(), exited: new Promise(() => {}), stop: async () => void steps.push('process ended') });
  await Promise.all([started, stopped]);
  expect(steps).toEqual(['process ended', 'stop is over']);
});
