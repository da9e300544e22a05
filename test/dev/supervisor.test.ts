import { expect, test } from '@jest/globals';
import type { Running } from '../../dev/stack/run-process.js';
import { SupervisedProcess } from '../../dev/stack/supervisor.js';

test('a part that is stopped while it starts has ended when the stop returns', async () => {
  const steps: string[] = [];
  let arrive: (running: Running) => void = () => {};
  const start = () =>
    new Promise<Running>((resolve) => {
      arrive = resolve;
    });
  const part = new SupervisedProcess('postgres', start, ({ words }) => void steps.push(words));
  const started = part.start();
  const stopped = part.stop().then(() => steps.push('stop is over'));
  arrive({ pid: 1, ready: Promise.resolve(), exited: new Promise(() => {}), stop: async () => void steps.push('process ended') });
  await Promise.all([started, stopped]);
  expect(steps).toEqual(['process ended', 'stop is over']);
});
