import type pg from 'pg';

/**
 * A connection of the pool for one transaction. It takes statements until the transaction ends. From the moment COMMIT or
 * ROLLBACK is sent it refuses, so that a late statement runs neither by itself nor in the next transaction.
 */
export interface Connection {
  /**
   * Sends BEGIN, and with it a statement that sets what holds until the transaction ends: both take one round trip. Answers the row of
   * that statement, null without one. When BEGIN fails the connection is closed.
   */
  begin(setting?: pg.QueryConfig): Promise<object | null>;
  /** Once a statement has failed, Postgres refuses those after it; they throw the error of that first one, which alone says why. */
  query(query: pg.QueryConfig): Promise<pg.QueryResult>;
  /** Refuses from now on, ends the transaction and gives the connection back to the pool. COMMIT throws when the transaction was rolled back. */
  end(how: 'COMMIT' | 'ROLLBACK'): Promise<void>;
  /**
   * Rolls back because the time is over. When the server does not answer that for another five seconds, the connection is closed and
   * whatever waits for it throws: it may be dead without anybody having said so.
   */
  expire(): void;
  /**
   * Gives the connection back when no transaction was begun on it, and closes it when one was begun and nobody ended it: its
   * BEGIN may still be answered, and the next transaction must not run inside it. Does nothing after `end`.
   */
  abandon(): void;
}

/** How long an answer to ROLLBACK is waited for, ms. */
const GRACE_MS = 5_000;

/** SQLSTATE of a statement after one that failed. Statements that are sent together get it before anybody has read why. */
const IN_FAILED_TRANSACTION = '25P02';

/** Takes a connection out of the pool. Throws when none is free within the pool's `connectionTimeoutMillis`. */
export const takeConnection = async (pool: pg.Pool): Promise<Connection> => {
  const client = await pool.connect();
  const { stream } = (client as unknown as pg.Client).connection;
  let state: 'fresh' | 'begun' | 'ended' = 'fresh';
  let broken: Error | undefined;
  let failure: Error | undefined;
  const onError = (error: Error) => {
    broken = error;
  };
  client.on('error', onError);
  // Statements that are sent together leave in one write.
  let isCorked = false;
  const send = (query: string | pg.QueryConfig): Promise<pg.QueryResult> => {
    if (!isCorked) {
      isCorked = true;
      stream.cork();
      process.nextTick(() => {
        isCorked = false;
        stream.uncork();
      });
    }
    return client.query(query);
  };
  let grace: NodeJS.Timeout | undefined;
  const release = () => {
    clearTimeout(grace);
    client.off('error', onError);
    client.release(broken);
  };
  const end: Connection['end'] = async (how) => {
    if (state !== 'begun') {
      if (how === 'ROLLBACK') return;
      throw new Error('this transaction has ended');
    }
    state = 'ended';
    try {
      const { command } = await send(how);
      if (command !== how) throw new Error('this transaction was rolled back, because one of its statements failed', { cause: failure });
    } catch (error) {
      broken ??= error as Error;
      throw error;
    } finally {
      release();
    }
  };
  return {
    begin: async (setting) => {
      if (state !== 'fresh') throw new Error('this connection has begun a transaction before');
      state = 'begun';
      try {
        // Nothing else goes out before BEGIN is answered: without it, it would be a transaction by itself.
        const [, set] = await Promise.all([send('BEGIN'), setting ? send(setting) : null]);
        return set?.rows[0] ?? null;
      } catch (error) {
        broken ??= error as Error;
        if (state === 'begun') {
          state = 'ended';
          release();
        }
        throw error;
      }
    },
    query: async (query) => {
      if (state !== 'begun') throw new Error('this transaction has ended');
      try {
        return await send(query);
      } catch (error) {
        failure ??= error as Error;
        throw (error as pg.DatabaseError).code === IN_FAILED_TRANSACTION ? failure : error;
      }
    },
    end,
    expire: () => {
      grace = setTimeout(() => {
        broken ??= new Error('the database did not answer in time');
        stream.destroy(broken);
      }, GRACE_MS);
      void end('ROLLBACK').catch(() => undefined);
    },
    abandon: () => {
      if (state === 'ended') return;
      if (state === 'begun') broken ??= new Error('a transaction was begun on this connection and not ended');
      state = 'ended';
      release();
    },
  };
};
