import { createHash } from 'node:crypto';
import pg from 'pg';
import { Prisma } from '../../prisma/generated/client.js';

/**
 * Why a statement is written in SQL and not through the ORM. Everything that reads or writes one row without any of
 * these goes through `Tx.orm`.
 *
 * - `set`: reads or writes any number of rows at once
 * - `lock`: takes a row lock or an advisory lock, or skips locked rows
 * - `conflict`: `ON CONFLICT` decides, or an UPDATE whose condition decides who wins
 * - `clock`: compares with or stores the database's clock
 * - `join`: reads several tables in one statement
 * - `function`: calls a function of the database
 * - `setting`: reads or changes a setting of the connection or the server
 * - `rights`: writes just the columns that the role may write
 * - `hot`: on the path of every chunk, where the ORM's CPU counts
 */
export type Why = 'set' | 'lock' | 'conflict' | 'clock' | 'join' | 'function' | 'setting' | 'rights' | 'hot';

/** A statement as a tagged template. Values are sent as parameters; a value of type `Prisma.Sql` is spliced in as SQL. */
type Statement<Result> = (strings: TemplateStringsArray, ...values: unknown[]) => Promise<Result>;

/**
 * Statements for sets and locks, sent straight to the connection: the ORM's own raw statements cost four times the CPU.
 * `int8` is read as bigint, `numeric` as text. Arrays are passed as parameters (`unnest(${ids}::uuid[])`).
 */
export interface Sql {
  /** All rows of the answer. */
  rows<Row = object>(why: Why): Statement<Row[]>;
  /** The first row of the answer, or null. */
  row<Row = object>(why: Why): Statement<Row | null>;
  /** How many rows the statement changed. */
  run(why: Why): Statement<number>;
}

/** Sends one query to a connection or a pool, or refuses. */
type Send = (query: pg.QueryConfig) => Promise<pg.QueryResult>;

export const sqlOver = (send: Send): Sql => {
  const query = (strings: TemplateStringsArray, values: unknown[]): Promise<pg.QueryResult> =>
    send(configOf(Prisma.sql(strings, ...values))).catch(withoutRow);
  return {
    rows:
      () =>
      async (strings, ...values) =>
        (await query(strings, values)).rows,
    row:
      () =>
      async (strings, ...values) =>
        (await query(strings, values)).rows[0] ?? null,
    run:
      () =>
      async (strings, ...values) =>
        (await query(strings, values)).rowCount ?? 0,
  };
};

/** A statement as the driver sends it, prepared under its name. */
export const configOf = ({ text, values }: Prisma.Sql): pg.QueryConfig => ({ name: nameOf(text), text, values, types });

/** Postgres repeats the refused row in `detail`, with people's data, and errors go to the log. */
const withoutRow = (error: { detail?: string; where?: string }): never => {
  delete error.detail;
  delete error.where;
  throw error;
};

const names = new Map<string, string>();

/**
 * The name under which a statement is prepared, so that Postgres keeps its plan: a hash of its text. The map holds as
 * many names as the code can write texts.
 */
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
