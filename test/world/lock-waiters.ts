import type { World } from './open.js';

/** How many transactions of this database wait for a lock of a workspace or a batch. */
export const lockWaiters = async ({ sql }: Pick<World, 'sql'>): Promise<number> =>
  (
    await sql(
      `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    )
  ).length;

/** How many transactions of this database wait for a row that another one has locked or changed. */
export const rowWaiters = async ({ sql }: Pick<World, 'sql'>): Promise<number> =>
  (
    await sql(
      `SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
       WHERE NOT l.granted AND l.locktype IN ('transactionid', 'tuple') AND a.datname = current_database()`,
    )
  ).length;
