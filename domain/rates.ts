/**
 * How many requests are answered. A request belongs to one class, which the route table names, and is counted by up to three subjects:
 * the network it comes from, the person or key that sends it, and their workspace. Each class and subject is counted apart.
 */
export const RATE_CLASSES = ['read', 'write', 'money', 'sign_in', 'code', 'token', 'reset', 'letter', 'inbound'] as const;
export type RateClass = (typeof RATE_CLASSES)[number];

export const RATE_SUBJECTS = ['network', 'principal', 'workspace'] as const;
export type RateSubject = (typeof RATE_SUBJECTS)[number];

/** So many requests in a window of so many seconds. The window begins with the first request that is counted. */
export interface RateLimit {
  requests: number;
  seconds: number;
}

export type RateLimits = Readonly<Partial<Record<RateSubject, RateLimit>>>;
export type RateTable = Readonly<Record<RateClass, RateLimits>>;

const aMinute = (requests: number): RateLimit => ({ requests, seconds: 60 });

/**
 * The limits of an installation that sets none. What machines do all day is wide: a list of a million items is read without a pause by a
 * caller that asks one page after the other. What can be guessed, or costs a password hash, is tight. A workspace has several times what one
 * of its principals has, so that no one of them can use up what is everybody's. A route of a public class knows the network alone.
 */
export const RATES: RateTable = {
  read: { network: aMinute(24_000), principal: aMinute(12_000), workspace: aMinute(60_000) },
  write: { network: aMinute(12_000), principal: aMinute(6_000), workspace: aMinute(30_000) },
  money: { network: aMinute(6_000), principal: aMinute(3_000), workspace: aMinute(15_000) },
  sign_in: { network: aMinute(60) },
  code: { network: aMinute(120), principal: aMinute(30), workspace: aMinute(300) },
  token: { network: aMinute(600) },
  reset: { network: { requests: 30, seconds: 600 } },
  letter: { network: { requests: 120, seconds: 600 }, principal: { requests: 30, seconds: 600 }, workspace: { requests: 120, seconds: 600 } },
  inbound: { network: aMinute(60_000) },
};

/** Some limits in place of those of the table. */
export type RateChanges = Readonly<Partial<Record<RateClass, RateLimits>>>;

/** The table with these limits in place of its own. A limit that the table does not have is left out: nobody would count for it. */
export const withRates = (table: RateTable, changes: RateChanges): RateTable => {
  const changed = { ...table };
  for (const rateClass of RATE_CLASSES) {
    const limits = { ...table[rateClass] };
    for (const subject of RATE_SUBJECTS) if (limits[subject]) limits[subject] = changes[rateClass]?.[subject] ?? limits[subject];
    changed[rateClass] = limits;
  }
  return changed;
};

/** A process takes so many parts of a limit at once from the counter that all processes share, and spends them by itself. */
const PARTS = 50;

/** How many requests a process takes from the shared counter at once. A tight limit is asked for each request. */
export const leaseOf = ({ requests }: RateLimit): number => Math.max(1, Math.floor(requests / PARTS));

/**
 * How many of the `asked` requests a limit allows, when the shared counter stands at `counted` with them. Whatever is asked and by however
 * many processes: all that is granted in one window is the limit, and never more.
 */
export const grantOf = ({ requests }: RateLimit, asked: number, counted: number): number =>
  Math.min(asked, Math.max(0, requests - (counted - asked)));

/** The name of a limit in the headers and in a refusal. */
export const policyOf = (rateClass: RateClass, subject: RateSubject): string => `${rateClass}-${subject}`;

const WHAT: Readonly<Record<RateClass, string>> = {
  read: 'requests that read',
  write: 'requests that change something',
  money: 'requests about money',
  sign_in: 'sign-ins',
  code: 'codes of a second factor',
  token: 'renewals of a session',
  reset: 'uses of one-time links, and letters that anybody asks for',
  letter: 'letters',
  inbound: 'webhooks',
};

const WHOSE: Readonly<Record<RateSubject, string>> = {
  network: 'from one network',
  principal: 'by one person or key',
  workspace: 'in one workspace',
};

/** A limit in words: `60 sign-ins from one network in 60 s`. */
export const limitInWords = (rateClass: RateClass, subject: RateSubject, { requests, seconds }: RateLimit): string =>
  `${requests.toLocaleString('en')} ${WHAT[rateClass]} ${WHOSE[subject]} in ${seconds} s`;
