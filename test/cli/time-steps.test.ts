import { afterEach, expect, jest, test } from '@jest/globals';
import { currentStep, earliestStep, STEP_SECONDS } from '../../cli/identity/time-steps.js';

afterEach(() => {
  jest.useRealTimers();
});

test.each([
  { into: 0, earliest: -1 },
  { into: 19, earliest: -1 },
  { into: 20, earliest: 0 },
  { into: 29, earliest: 0 },
])('$into s into a step, the oldest code that is safely accepted is $earliest steps away', ({ into, earliest }) => {
  jest.useFakeTimers({ now: (1_000_000 * STEP_SECONDS + into) * 1_000 });
  expect([currentStep(), earliestStep()]).toEqual([1_000_000, 1_000_000 + earliest]);
});
