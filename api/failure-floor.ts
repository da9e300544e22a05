import type { Clock } from './deps.js';

/** ms. Longer than a sign-in takes on an idle machine, and shorter than a person notices. */
const FLOOR_MS = 250;

/**
 * Waits until a multiple of the floor has passed since `from`. The statements of a failed sign-in are the same for everybody (ADR 0070); what
 * is left are hashes of another cost, rows that are found or not, and the code that is only looked at after a right password.
 */
export const untilFloor = (clock: Clock, from: number): Promise<void> => {
  const gone = clock.now() - from;
  const wait = Math.max(1, Math.ceil(gone / FLOOR_MS)) * FLOOR_MS - gone;
  return new Promise((done) => {
    clock.alarm(wait, done);
  });
};
