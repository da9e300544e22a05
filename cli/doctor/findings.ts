/** One thing that was looked at. */
export interface Check {
  part: string;
  ok: boolean;
  /** Nothing is wrong with it here, but it should be known. */
  note?: true;
  /** What was found; for a problem, what it means and how to mend it. */
  detail: string;
}

/** Expiry, leases and code steps go by the database's clock (R24). */
const SKEW_MS = 2_000;

/** One look at another clock: Unix time in ms, by this machine's clock except `said`. */
export interface ClockReading {
  askedAt: number;
  answeredAt: number;
  /** What the other clock said, some time between the two; NaN when it said nothing. */
  said: number;
  /** The other clock says only multiples of this, cut off. */
  resolutionMs: number;
}

/**
 * Compares this machine's clock with another's. A problem only when they must be more than 2 s apart: the time that
 * the answer took and what was cut off count in favour.
 *
 * @param whose the other clock, as it stands in a sentence: `the API`
 */
export const judgeClock = (part: string, whose: string, { askedAt, answeredAt, said, resolutionMs }: ClockReading): Check => {
  if (!Number.isFinite(said)) return { part, ok: false, detail: `${whose} did not say what time it is` };
  const [least, most] = [said - answeredAt, said + resolutionMs - askedAt];
  const apart = Math.max(least, 0) + Math.min(most, 0);
  if (Math.abs(apart) <= SKEW_MS) return { part, ok: true, detail: `agrees with ${whose}` };
  const seconds = (Math.abs(apart) / 1_000).toFixed(1);
  return {
    part,
    ok: false,
    detail:
      `this machine is at least ${seconds} s ${apart > 0 ? 'behind' : 'ahead of'} ${whose}: leases, deadlines and codes go by the database's clock, ` +
      'and codes of an authenticator are refused. Let NTP set both clocks (`timedatectl set-ntp true`)',
  };
};

export interface Durability {
  fsync: string;
  full_page_writes: string;
  synchronous_commit: string;
}

const MEANS: Record<keyof Durability, string> = {
  fsync: 'a crash of the machine can damage the whole database',
  full_page_writes: 'a crash while a page is written leaves it torn, and recovery does not mend it',
  synchronous_commit: 'a crash forgets the last commits, and the provider may already have been told of those payments',
};

/**
 * What was committed must be on the disk (R15): one finding for each setting that says otherwise.
 *
 * @param server `embedded`: the demo's own, where no real money is at stake, so it is only noted
 */
export const judgeDurability = (found: Durability, server: 'embedded' | 'given'): Check[] =>
  (Object.keys(MEANS) as (keyof Durability)[])
    .filter((name) => found[name] === 'off')
    .map((name) => ({
      part: `postgres ${name}`,
      ...(server === 'embedded' ? { ok: true, note: true } : { ok: false }),
      detail:
        server === 'embedded'
          ? `off, on the demo's own server: ${MEANS[name]}. Never so where real money is`
          : `off: ${MEANS[name]}. \`ALTER SYSTEM SET ${name} = on\`, then \`SELECT pg_reload_conf()\`${name === 'synchronous_commit' ? '; take it off roles and databases too (`ALTER ROLE … RESET synchronous_commit`)' : ''}`,
    }));
