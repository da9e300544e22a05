import type pg from 'pg';

/**
 * A connection of the pool for one transaction. It takes statements until the transaction ends. From the moment COMMIT or
 * ROLLBACK is sent it refuses, so that a late statement runs neither by itself nor in the next transaction.
 */
export interface Connection {
  /** Sends BEGIN. When that fails the connection is closed. */
  begin(): Promise<void>;
  query(query: pg.QueryConfig): Promise<pg.QueryResult>;
  /** Refuses from now on, ends the transaction and gives the connection back to the pool. */
  end(how: 'COMMIT' | 'ROLLBACK'): Promise<void>;
  /**
   * Gives the connection back when no transaction was begun on it, and closes it when one was begun and nobody ended it: its
   * BEGIN may still be answered, and the next transaction must not run inside it. Does nothing after `end`.
   */
  abandon(): void;
}

/** Takes a connection out of the pool. Throws when none is free within the pool's `connectionTimeoutMillis`. */
export const takeConnection = async (pool: pg.Pool): Promise<Connection> => {
  const client = await pool.connect();
  let state: 'fresh' | 'begun' | 'ended' = 'fresh';
  let broken: Error | undefined;
  const onError = (error: Error) => {
    broken = error;
  };
  client.on('error', onError);
  const release = () => {
    client.off('error', onError);
    client.release(broken);
  };
  return {
    begin: async () => {
      if (state !== 'fresh') throw new Error('this connection has begun a transaction before');
      state = 'begun';
      try {
        await client.query('BEGIN');
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
      return client.query(query);
    },
    end: async (how) => {
      if (state !== 'begun') return;
      state = 'ended';
      try {
        await client.query(how);
      } catch (error) {
        broken ??= error as Error;
        throw error;
      } finally {
        release();
      }
    },
    abandon: () => {
      if (state === 'ended') return;
      if (state === 'begun') broken ??= new Error('a transaction was begun on this connection and not ended');
      state = 'ended';
      release();
    },
  };
};
