import type { RateLimit } from '../../domain/rates.js';

/** What a counter answers. */
export interface Granted {
  /** How many of the requests that were asked for the limit allows. */
  granted: number;
  /** How many more it would allow now. */
  left: number;
  /** When the window ends, in ms from now. */
  endsInMs: number;
}

/**
 * Counters that all processes of an installation share. A key names a class, a subject and who that is. Which tenant it belongs to is not
 * known or does not matter, so it is no store of a transaction.
 */
export interface RateCounters {
  /** Counts `asked` requests of a key. It always answers: while the shared counters do not, this process counts by itself. */
  take(key: string, asked: number, limit: RateLimit): Promise<Granted>;
}
