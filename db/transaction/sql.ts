import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import pg from 'pg';
import { Prisma } from '../../prisma/generated/client.js';
import type { Tx } from './open.js';

/**
 * Set-based statements go to the driver directly, on the connection that the ORM's transaction holds: the ORM's own way to a
 * raw statement costs four times the CPU, and it decodes every value twice. Same types as there, but a `numeric` is its text.
 */
export interface Connection {
  /** Null before the transaction has one, and from when it gives it back. */
  client: pg.PoolClient | null;
  /** A connection is filled in once: what else is begun meanwhile has nothing to do with this transaction. */
  given: boolean;
}

/** Told of the connection that a transaction is given; the ORM asks the pool in the course of `$transaction`. */
const beginning = new AsyncLocalStorage<Connection>();

/** Runs what begins one transaction, and fills in its connection until the transaction gives it back. */
export const withConnection = <T>(begin: (connection: Connection) => Promise<T>): Promise<T> => {
  const connection: Connection = { client: null, given: false };
  return beginning.run(connection, () => begin(connection));
};

export class StatementPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: (error: Error | undefined, client: pg.PoolClient | undefined, done: (release?: unknown) => void) => void): void;
  // biome-ignore lint/suspicious/noConfusingVoidType: the pool's own signature
  override connect(callback?: Parameters<pg.Pool['connect']>[0]): Promise<pg.PoolClient> | void {
    if (callback) return super.connect(callback);
    return super.connect().then((client) => {
      const connection = beginning.getStore();
      if (!connection || connection.given) return client;
      connection.given = true;
      connection.client = client;
      const release = client.release;
      client.release = (error) => {
        // Whoever is late must not write into the transaction of the next.
        connection.client = null;
        client.release = release;
        release.call(client, error);
      };
      return client;
    });
  }
}

/** The transaction as stores use it: `$queryRaw` and `$executeRaw` straight to the connection, all else the ORM's. */
export const direct = (tx: Tx, connection: Connection): Tx => {
  const run = async (strings: TemplateStringsArray | Prisma.Sql, values: unknown[]): Promise<pg.QueryResult> => {
    const statement = 'raw' in strings ? Prisma.sql(strings as TemplateStringsArray, ...values) : strings;
    const { client } = connection;
    if (!client) throw new Error('this transaction has ended');
    const text = statement.text;
    return client.query({ name: nameOf(text), text, values: statement.values, types }).catch(forget);
  };
  const own: Partial<Record<string | symbol, unknown>> = {
    $queryRaw: async (strings: TemplateStringsArray, ...values: unknown[]) => (await run(strings, values)).rows,
    $executeRaw: async (strings: TemplateStringsArray, ...values: unknown[]) => (await run(strings, values)).rowCount ?? 0,
  };
  return new Proxy(tx, { get: (target, name) => own[name] ?? Reflect.get(target, name) });
};

/** Postgres repeats the row that it refused, people's data included, and errors go to the log. */
const forget = (error: { detail?: string; where?: string }): never => {
  delete error.detail;
  delete error.where;
  throw error;
};

const names = new Map<string, string>();

/** A statement is named by its text, so that Postgres keeps its plan. There are as many texts as the code can write. */
export const nameOf = (text: string): string => {
  const known = names.get(text);
  if (known) return known;
  const name = createHash('sha1').update(text).digest('base64url');
  names.set(text, name);
  return name;
};

const parsers = new Map<number, (text: string) => unknown>([[pg.types.builtins.INT8, BigInt]]);

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    (format !== 'binary' ? parsers.get(oid) : undefined) ?? pg.types.getTypeParser(oid, format as 'text'),
} as pg.CustomTypesConfig;
