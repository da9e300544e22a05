import pg from 'pg';
import { PrismaClient } from '../../prisma/generated/client.js';
import { handingAdapter } from './adapter.js';
import { takeConnection } from './connection.js';
import { type Sql, sqlOver } from './sql.js';

/** One open transaction: the ORM for single rows and SQL for sets, both on the same connection. */
export interface Tx {
  orm: Orm;
  sql: Sql;
}

type Orm = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0];

export interface Database {
  /**
   * Runs `work` in one transaction, commits when it returns and rolls back when it throws. A transaction that takes
   * longer than `timeoutMs` is rolled back. Once it has ended, for whatever reason, its `Tx` refuses every statement.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>, options?: { timeoutMs: number }): Promise<T>;
  /** Statements outside any transaction, each committed by itself. */
  sql: Sql;
  close(): Promise<void>;
}

/**
 * Plans are generic and kept as long as their connection, because right after an ingest the statistics do not know the new
 * rows yet. Sequential scans are off, because a plan made while a table had one page would go on reading all of it. Every
 * statement names the tenant, which is the first column of every index.
 */
const PLANNER = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off';

/** How long a transaction may wait for a free connection, and how long it may then take, ms. */
const USUAL_MS = 30_000;

/** Opens a pool of at most `connectionsMax` connections in the role that the URL names. */
export const openDatabase = (url: string, connectionsMax: number): Database => {
  const pool = new pg.Pool({ connectionString: url, max: connectionsMax, options: PLANNER, connectionTimeoutMillis: USUAL_MS });
  // A connection that breaks while nobody uses it is replaced by the pool.
  pool.on('error', () => undefined);
  const adapter = handingAdapter();
  // `minimal`: no source lines in messages, and no stack taken at every call.
  const client = new PrismaClient({ errorFormat: 'minimal', adapter: adapter.factory });

  return {
    transaction: async (work, { timeoutMs } = { timeoutMs: USUAL_MS }) => {
      const connection = await takeConnection(pool);
      try {
        return await adapter.handOver(connection, () =>
          client.$transaction((orm) => work({ orm, sql: sqlOver(connection.query) }), { maxWait: USUAL_MS, timeout: timeoutMs }),
        );
      } finally {
        // Whoever ended the transaction gave the connection back. Without an end, BEGIN failed, was late or was never sent.
        connection.abandon();
      }
    },
    sql: sqlOver((query) => pool.query(query)),
    close: async () => {
      await client.$disconnect();
      await pool.end();
    },
  };
};
