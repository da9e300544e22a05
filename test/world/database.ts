import pg from 'pg';
import { type Database, openDatabase } from '../../db/transaction/open.js';
import { testDatabase } from '../harness/database.js';

/** Login roles of the processes; each gets its connections at its first use. */
export type Login = 'api' | 'worker' | 'sequencer';

/** A database of one test file, with connections of the process roles and one of the owner. */
export const openOwnDatabase = async () => {
  const database = await testDatabase();
  // One connection: statements that run at once cannot mix up their tenants, and settings of the session last.
  const owner = new pg.Pool({ connectionString: database.ownerUrl, max: 1, idleTimeoutMillis: 0 });
  const pools = new Map<Login, Database>();

  const pool = (login: Login): Database => {
    const open = pools.get(login) ?? openDatabase(database.urls[login], 24);
    pools.set(login, open);
    return open;
  };

  /** Runs one statement as the owner in the tenant: row-level security binds the owner too. */
  const sqlIn = async <Row extends pg.QueryResultRow>(tenantId: string, text: string, values: unknown[] = []): Promise<Row[]> => {
    const connection = await owner.connect();
    try {
      await connection.query(`SELECT set_config('app.tenant_id', $1, false)`, [tenantId]);
      return (await connection.query<Row>(text, values)).rows;
    } finally {
      connection.release();
    }
  };

  /** Every row of every table that the tenant sees, as text: what somebody reads who has the disk. */
  const everyRow = async (tenantId: string): Promise<string> => {
    const tables = await sqlIn<{ name: string }>(tenantId, `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`);
    const rows = [];
    for (const { name } of tables) rows.push(await sqlIn(tenantId, `SELECT t::text AS line, row_to_json(t)::text AS json FROM "${name}" t`));
    return JSON.stringify(rows);
  };

  const close = async (): Promise<void> => {
    await Promise.all([owner.end(), ...[...pools.values()].map((open) => open.close())]);
    await database.drop();
  };

  return { database, pool, sqlIn, everyRow, close };
};

export type OwnDatabase = Awaited<ReturnType<typeof openOwnDatabase>>;
