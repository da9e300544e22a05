import pg from 'pg';
import { type Prisma, PrismaClient } from '../../prisma/generated/client.js';
import { handingAdapter } from './adapter.js';
import { type Connection, takeConnection } from './connection.js';
import { configOf, type Sql, sqlOver } from './sql.js';

/** One open transaction: the ORM for single rows and SQL for sets, both on the same connection. */
export interface Tx {
  orm: Orm;
  sql: Sql;
}

type Orm = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0];

export interface TransactionTerms {
  timeoutMs?: number;
  /** A statement that sets something until the transaction ends. It goes out with BEGIN, and `work` gets its row. */
  setting?: Prisma.Sql;
}

export interface Database {
  /**
   * Runs `work` in one transaction, commits when it returns and rolls back when it throws. A transaction that takes
   * longer than `timeoutMs` is rolled back. Once it has ended, for whatever reason, its `Tx` refuses every statement.
   */
  transaction<T>(work: (tx: Tx, set: object | null) => Promise<T>, terms?: TransactionTerms): Promise<T>;
  /** Statements outside any transaction, each committed by itself. */
  sql: Sql;
  close(): Promise<void>;
}

/**
 * Plans are generic and kept as long as their connection, because right after an ingest the statistics do not know the new
 * rows yet. Sequential scans are off, because a plan made while a table had one page would go on reading all of it. Every
 * statement names the tenant, which is the first column of every index.
 *
 * Postgres ends a transaction whose process sends nothing for 15 s: one that stands still, or whose machine is gone, would hold its locks
 * for as long as it pleases, and every chunk, pause and cancel of the workspace would wait for it.
 */
const SETTINGS = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c idle_in_transaction_session_timeout=15s';

/** How long a transaction may wait for a free connection, and how long it may then take, ms. */
const USUAL_MS = 30_000;

/** Opens a pool of at most `connectionsMax` connections in the role that the URL names. */
export const openDatabase = (url: string, connectionsMax: number): Database => {
  const pool = new pg.Pool({
    ...{ connectionString: url, max: connectionsMax, options: SETTINGS, connectionTimeoutMillis: USUAL_MS },
    // Statements that are sent together share a round trip. Postgres runs them one after the other all the same.
    pipeline: true,
  });
  // A connection that breaks while nobody uses it is replaced by the pool.
  pool.on('error', () => undefined);
  const adapter = handingAdapter();
  // `minimal`: no source lines in messages, and no stack taken at every call.
  const client = new PrismaClient({ errorFormat: 'minimal', adapter: adapter.factory });

  /** The ORM on a connection. It joins at its first use, because that costs as much as ten statements, and most transactions need none. */
  const joining = (connection: Connection, timeout: number): { orm: Orm; leave: () => void } => {
    let leave = (): void => {};
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    let joined: Promise<Orm> | null = null;
    const join = (): Promise<Orm> => {
      joined ??= new Promise((resolve, reject) => {
        const inside = async (orm: Orm): Promise<void> => {
          resolve(orm);
          await left;
        };
        adapter.handOver(connection, () => client.$transaction(inside, { maxWait: USUAL_MS, timeout })).catch(reject);
      });
      return joined;
    };
    return { orm: calling(join), leave };
  };

  return {
    transaction: async (work, { timeoutMs = USUAL_MS, setting } = {}) => {
      const connection = await takeConnection(pool);
      // It counts from before BEGIN, because the connection may be dead and nobody know it.
      const timer = setTimeout(() => connection.expire(), timeoutMs);
      try {
        const set = await connection.begin(setting && configOf(setting));
        const { orm, leave } = joining(connection, timeoutMs);
        try {
          const result = await work({ orm, sql: sqlOver(connection.query) }, set);
          await connection.end('COMMIT');
          return result;
        } catch (error) {
          await connection.end('ROLLBACK').catch(() => undefined);
          throw error;
        } finally {
          leave();
        }
      } finally {
        clearTimeout(timer);
        // Whoever ended the transaction gave the connection back. Without an end, BEGIN failed.
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

type Calls = Record<string, (...input: unknown[]) => unknown>;

/** The ORM of later: each call waits until it has joined. */
const calling = (join: () => Promise<Orm>): Orm => {
  const members = (join: () => Promise<unknown>): Calls =>
    new Proxy({} as Calls, {
      get:
        (_, name: string) =>
        async (...input: unknown[]) =>
          ((await join()) as Calls)[name]?.(...input),
    });
  const models = members(join);
  const get = (_: object, name: string) => (name.startsWith('$') ? models[name] : members(async () => (await join())[name as keyof Orm]));
  return new Proxy({}, { get }) as Orm;
};
