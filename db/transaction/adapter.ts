import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlDriverAdapter, SqlDriverAdapterFactory, Transaction } from '@prisma/driver-adapter-utils';
import pg from 'pg';
import type { Connection } from './connection.js';
import { nameOf } from './sql.js';

/**
 * Lets the ORM work inside a transaction that the driver has begun, on its connection. The ORM cannot name a connection when it begins a
 * transaction of its own, so these begin one after the other, and each takes the connection on offer. BEGIN, COMMIT and ROLLBACK are the
 * driver's: the ORM sends none.
 */
export const handingAdapter = (): {
  factory: SqlDriverAdapterFactory;
  /** Runs `begin`: what the ORM begins in it runs on this connection. */
  handOver<T>(connection: Connection, begin: () => Promise<T>): Promise<T>;
} => {
  let offer: { connection: Connection; taken: () => void } | null = null;
  let turn: Promise<void> = Promise.resolve();

  const startTransaction = async (): Promise<Transaction> => {
    if (!offer) throw new Error('the ORM began a transaction of its own: everything runs in Database.transaction');
    const { connection, taken } = offer;
    offer = null;
    taken();
    return transactionOn(connection);
  };
  const adapter: SqlDriverAdapter = { ...NAMES, ...REFUSING, startTransaction, getConnectionInfo: () => ({ supportsRelationJoins: true }) };

  return {
    factory: { ...NAMES, connect: async () => adapter },
    handOver: async (connection, begin) => {
      const before = turn;
      let taken = (): void => {};
      turn = new Promise((resolve) => {
        taken = resolve;
      });
      await before;
      offer = { connection, taken };
      const running = (async () => begin())();
      // A transaction that fails before it begins never takes the connection; the next one begins then.
      running.then(taken, taken);
      return running;
    },
  };
};

const NAMES = { provider: 'postgres', adapterName: '@prisma/adapter-pg' } as const;

const outside = async (): Promise<never> => {
  throw new Error('the ORM is used inside Database.transaction only');
};
const REFUSING = { queryRaw: outside, executeRaw: outside, executeScript: outside, dispose: async () => {} };

const transactionOn = async (connection: Connection): Promise<Transaction> => {
  const queries = await new PrismaPg(new OneConnection(connection), { statementNameGenerator: ({ sql }) => nameOf(sql) }).connect();
  return {
    ...NAMES,
    options: { usePhantomQuery: true },
    queryRaw: (query) => queries.queryRaw(query),
    executeRaw: (query) => queries.executeRaw(query),
    commit: async () => {},
    rollback: async () => {},
  };
};

/** Prisma's adapter takes a pool; this one sends every query to one connection. */
class OneConnection extends pg.Pool {
  constructor(connection: Connection) {
    super();
    this.query = ((query: pg.QueryConfig) => connection.query(query)) as typeof this.query;
  }
}
