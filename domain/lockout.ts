/**
 * What a code of a second factor is given for: to sign in, or within a session (gates, confirmations, a new password). Wrong ones are
 * counted apart, so that whoever has only a password cannot close its owner's gates.
 */
export type CodePurpose = 'sign_in' | 'session';

/** How wrong codes lock a factor for one purpose. */
interface LockRule {
  /** So many wrong codes in a row lock it. */
  failuresMax: number;
  /** How long the first, the second, … lock lasts, ms; every later one as long as the last. */
  locksMs: readonly number[];
  /** A right code starts the series over when the last lock ended so long ago, ms. */
  quietMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * Locks that grow. A code is one of a million and three of them are valid at once, so that what counts is how many may be tried in a
 * year; the decision on lockouts has the arithmetic. A person who mistypes waits for a minute. The database counts by the same rule (migration
 * 0031), so that no process chooses another.
 */
export const LOCKOUT: LockRule = {
  failuresMax: 5,
  locksMs: [MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, 24 * HOUR_MS],
  quietMs: 24 * HOUR_MS,
};

/** How long somebody has to wait, for people: `1 minute`, `4 hours`; rounded up. */
export const waitInWords = (seconds: number): string => {
  const minutes = Math.max(1, Math.ceil(seconds / 60));
  if (minutes < 60) return minutes === 1 ? '1 minute' : `${minutes} minutes`;
  const hours = Math.ceil(minutes / 60);
  return hours === 1 ? '1 hour' : `${hours} hours`;
};
