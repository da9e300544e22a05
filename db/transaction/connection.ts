import type pg from 'pg';

/**
 * A connection of the pool for one transaction. It refuses every statement from the moment COMMIT or ROLLBACK is sent, so that
 * a late statement runs neither by itself nor in the next transaction.
 */
export interface Connection {
  query(query: pg.QueryConfig): Promise<pg.QueryResult>;
  /** Refuses statements from now on, ends the transaction and gives the connection back to the pool. */
  end(how: 'COMMIT' | 'ROLLBACK'): Promise<void>;
  /** Gives a connection back whose transaction never began. Does nothing after `end`. */
  giveBack(): void;
}

/** Takes a connection out of the pool. Throws when none is free within the pool's `connectionTimeoutMillis`. */
export const takeConnection = async (pool: pg.Pool): Promise<Connection> => {
  const client = await pool.connect();
  let open = true;
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
    query: async (query) => {
      if (!open) throw new Error('this transaction has ended');
      return client.query(query);
    },
    end: async (how) => {
      if (!open) return;
      open = false;
      try {
        await client.query(how);
      } catch (error) {
        broken ??= error as Error;
        throw error;
      } finally {
        release();
      }
    },
    giveBack: () => {
      if (!open) return;
      open = false;
      release();
    },
  };
};
