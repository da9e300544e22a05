/** The result of one check. */
export interface Check {
  part: string;
  ok: boolean;
  /** Nothing is wrong here, but people should know it. */
  note?: true;
  /** What the check found; for a problem, also what it means and how to fix it. */
  detail: string;
}

/** Expiry, leases and code steps follow the database's clock (R24). */
const SKEW_MS = 2_000;

/** One reading of another clock: Unix time in ms, by this machine's clock except `said`. */
export interface ClockReading {
  askedAt: number;
  answeredAt: number;
  /** The time of the other clock, read between the two; NaN when it gave none. */
  said: number;
  /** The other clock is rounded down to a multiple of this. */
  resolutionMs: number;
}

/**
 * Compares this machine's clock with another. It is a problem only when the two are certainly more than 2 s apart: the time
 * that the answer took and the rounding are subtracted first.
 *
 * @param whose the owner of the other clock, for the sentence: `the API`
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
      `this machine is at least ${seconds} s ${apart > 0 ? 'behind' : 'ahead of'} ${whose}: leases, deadlines and codes follow the database's clock, ` +
      'and codes of an authenticator are refused. Let NTP set both clocks (`timedatectl set-ntp true`)',
  };
};

export interface Durability {
  fsync: string;
  full_page_writes: string;
  synchronous_commit: string;
}

const CONSEQUENCE: Record<keyof Durability, string> = {
  fsync: 'a crash of the machine can damage the whole database',
  full_page_writes: 'a crash while a page is written leaves it torn, and recovery does not repair it',
  synchronous_commit: 'a crash loses the last commits, although their payments may already have been sent to the provider',
};

/**
 * A commit must be on the disk (R15): returns one finding for each setting that breaks this.
 *
 * @param server `embedded`: the demo's own server. No real money is at stake there, so the finding is only a note
 */
export const judgeDurability = (found: Durability, server: 'embedded' | 'given'): Check[] =>
  (Object.keys(CONSEQUENCE) as (keyof Durability)[])
    .filter((name) => found[name] === 'off')
    .map((name) => ({
      part: `postgres ${name}`,
      ...(server === 'embedded' ? { ok: true, note: true } : { ok: false }),
      detail:
        server === 'embedded'
          ? `off, on the demo's own server: ${CONSEQUENCE[name]}. Never run it like this with real money`
          : `off: ${CONSEQUENCE[name]}. \`ALTER SYSTEM SET ${name} = on\`, then \`SELECT pg_reload_conf()\`${name === 'synchronous_commit' ? '; remove it from roles and databases too (`ALTER ROLE … RESET synchronous_commit`)' : ''}`,
    }));
