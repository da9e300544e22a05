import pg from 'pg';
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { grantOf, type RateLimit } from '../domain/rates.js';
import type { RateCounters } from '../operations/stores/rate-counters.js';

/** The table of migration 0023. */
const TABLE = 'rate_counter';

export interface RateCounterSettings {
  /** Postgres in the API's role. */
  url: string;
  /** How long Postgres is waited for, ms: every request waits for its lease. */
  patienceMs: number;
  /** Turns a key into what the table names it. It tells nobody whose address or id that is. */
  nameOf: (key: string) => string;
  /** Postgres does not answer any more, and each process counts by itself. */
  onLost: (error: unknown) => void;
  /** Postgres answers again. */
  onFound: () => void;
}

/**
 * Counters in Postgres by `rate-limiter-flexible`, on two connections of their own: when every other connection is taken, limits still hold.
 * While Postgres does not answer in time, the library's counters in memory take its place, one set for each process.
 */
export const openRateCounters = ({ url, patienceMs, nameOf, onLost, onFound }: RateCounterSettings) => {
  const pool = new pg.Pool({
    ...{ connectionString: url, max: 2, connectionTimeoutMillis: patienceMs, query_timeout: patienceMs },
    options: `-c statement_timeout=${patienceMs}`,
  });
  // The pool replaces a connection that breaks while nobody uses it.
  pool.on('error', () => undefined);
  let isLost = false;

  /** The library replaces a failed statement by its memory and says nothing, so its failure is noted here. */
  const query = async (statement: pg.QueryConfig): Promise<pg.QueryResult> => {
    try {
      const answer = await pool.query(statement);
      if (isLost) onFound();
      isLost = false;
      return answer;
    } catch (error) {
      if (!isLost) onLost(error);
      isLost = true;
      throw error;
    }
  };

  const limiters = new Map<string, RateLimiterPostgres>();
  /** One limiter for each limit that is in force. The table exists by a migration, and the relay deletes what is over: this role may do neither. */
  const limiterOf = ({ requests: points, seconds: duration }: RateLimit): RateLimiterPostgres => {
    const id = `${points}/${duration}`;
    const limiter =
      limiters.get(id) ??
      new RateLimiterPostgres({
        ...{ storeClient: { query }, storeType: 'pool', tableName: TABLE, tableCreated: true, clearExpiredByTimeout: false },
        ...{ points, duration, keyPrefix: '', insuranceLimiter: new RateLimiterMemory({ points, duration, keyPrefix: '' }) },
      });
    limiters.set(id, limiter);
    return limiter;
  };

  const take: RateCounters['take'] = async (key, asked, limit) => {
    const counted = await limiterOf(limit).consume(nameOf(key), asked).catch(whenOver);
    const { consumedPoints, remainingPoints, msBeforeNext } = counted;
    return { granted: grantOf(limit, asked, consumedPoints), left: remainingPoints, endsInMs: msBeforeNext };
  };

  return { take, isLost: () => isLost, close: () => pool.end() };
};

/** The library throws its answer when a limit is used up. */
const whenOver = (thrown: unknown): RateLimiterRes => {
  if (thrown instanceof RateLimiterRes) return thrown;
  throw thrown;
};
