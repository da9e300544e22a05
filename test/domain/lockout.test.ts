import { describe, expect, test } from '@jest/globals';
import { LOCKOUT, waitInWords } from '../../domain/lockout.js';

const DAY_MS = 24 * 3_600_000;
/** Three of a million codes are right at any time: one step to either side is accepted. */
const CHANCE = 3 / 1_000_000;

/** Wrong codes that somebody gets answered within `days` who guesses whenever no lock stands. */
const guessesIn = (days: number): number => {
  let [at, guesses, locks] = [0, 0, 0];
  while (at < days * DAY_MS) {
    guesses += LOCKOUT.failuresMax;
    at += LOCKOUT.locksMs[Math.min(locks++, LOCKOUT.locksMs.length - 1)] ?? 0;
  }
  return guesses;
};

/**
 * The same for who lets the series end again: after `locks` locks they wait until a right code of the owner starts it over, which it does at
 * the earliest when the last lock has been over for the quiet time.
 */
const perDayWithResets = (locks: number, rightCodesADay: number): number => {
  const series = LOCKOUT.locksMs.slice(0, locks).reduce((sum, ms) => sum + ms, 0);
  const days = (series + LOCKOUT.quietMs) / DAY_MS;
  // Before each right code four wrong ones stay without a lock.
  return (locks * LOCKOUT.failuresMax) / days + rightCodesADay * (LOCKOUT.failuresMax - 1);
};

describe('how often a code can be guessed', () => {
  test('locks grow, from a minute to a day', () => {
    expect(LOCKOUT.locksMs.map((ms) => ms / 60_000)).toEqual([1, 5, 15, 60, 240, 1_440]);
    expect([...LOCKOUT.locksMs].sort((a, b) => a - b)).toEqual([...LOCKOUT.locksMs]);
  });

  test('who only guesses gets 30 tries on the first day and 5 on each after it: less than 1% in a year', () => {
    expect([guessesIn(1), guessesIn(2) - guessesIn(1), guessesIn(31) - guessesIn(30)]).toEqual([30, 5, 5]);
    expect(guessesIn(365)).toBeLessThan(1_900);
    expect(1 - (1 - CHANCE) ** guessesIn(365)).toBeLessThan(0.006);
  });

  test('who waits for the right codes of an owner who gives seven a day gets 50 tries a day at most', () => {
    const best = Math.max(...LOCKOUT.locksMs.map((_, i) => perDayWithResets(i + 1, 7)));
    expect(best).toBeLessThan(50);
    expect(1 - (1 - CHANCE) ** (best * 365)).toBeLessThan(0.06);
  });
});

test('a right code starts the series over a day after the last lock', () => expect(LOCKOUT.quietMs).toBe(DAY_MS));

test.each([
  [0, '1 minute'],
  [1, '1 minute'],
  [60, '1 minute'],
  [61, '2 minutes'],
  [900, '15 minutes'],
  [3_540, '59 minutes'],
  [3_600, '1 hour'],
  [3_601, '2 hours'],
  [7_200, '2 hours'],
  [7_201, '3 hours'],
  [86_400, '24 hours'],
])('%d s are told as %s', (seconds, words) => {
  expect(waitInWords(seconds)).toBe(words);
});
