import type { Rates } from '../../api/deps.js';
import { leasing } from '../../api/rates/leases.js';
import { rateTables } from '../../api/rates/tables.js';
import type { Plan } from '../../domain/plans.js';
import { grantOf, RATE_CLASSES, RATE_SUBJECTS, RATES, type RateChanges, type RateLimit } from '../../domain/rates.js';
import type { RateCounters } from '../../operations/stores/rate-counters.js';

/** A clock that a test moves, in ms. */
export const handClock = () => {
  let at = 1_000;
  return {
    now: () => at,
    pass: (ms: number) => {
      at += ms;
    },
  };
};

/** Counters that need no database. They record what they are asked. */
export const memoryCounters = (now: () => number) => {
  const counts = new Map<string, { points: number; endsAt: number }>();
  const asked: { key: string; asked: number }[] = [];
  const take: RateCounters['take'] = async (key, points, limit) => {
    asked.push({ key, asked: points });
    const known = counts.get(key);
    const count = known && known.endsAt > now() ? known : { points: 0, endsAt: now() + limit.seconds * 1_000 };
    count.points += points;
    counts.set(key, count);
    return { granted: grantOf(limit, points, count.points), left: Math.max(0, limit.requests - count.points), endsInMs: count.endsAt - now() };
  };
  return { take, asked };
};

/** So wide that no test meets it that is not about limits. */
const WIDE: RateLimit = { requests: 1_000_000, seconds: 60 };
const wide: RateChanges = Object.fromEntries(
  RATE_CLASSES.map((rateClass) => [
    rateClass,
    Object.fromEntries(RATE_SUBJECTS.filter((subject) => RATES[rateClass][subject]).map((subject) => [subject, WIDE])),
  ]),
);

/** Limits of the API under test: wide ones, but for `changes`. Every request of a test comes from one address. */
export const ratesOf = (changes: RateChanges = {}, { now, pass } = handClock(), ofPlans: Partial<Record<Plan, RateChanges>> = {}) => {
  const counters = memoryCounters(now);
  const refused: Parameters<Rates['onRefused']>[0][] = [];
  const tableOf = rateTables({ ...wide, ...changes }, ofPlans, new Map());
  const rates: Rates = { tableOf, take: leasing(counters, now), onRefused: (what) => void refused.push(what) };
  return { rates, refused, pass, asked: counters.asked };
};
