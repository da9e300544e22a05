import pg from 'pg';
import { systemEntropy } from '../../vault/entropy.js';
import type { World } from '../world/open.js';

/** The owner of the tables and the four process roles. */
export const ROLES = ['owner', 'api', 'worker', 'relay', 'sequencer'] as const;
type RoleName = (typeof ROLES)[number];

/** SQL with its parameters. */
export type Statement = [sql: string, values?: unknown[]];

/** Says who acts in the rest of the transaction. */
export const acting = ({ id }: { id: string }): Statement => [`SELECT set_config('app.person_id', $1, true)`, [id]];

/** Raw SQL in the home workspace of a world, as any role of the database. */
export const openAttempts = async (world: World) => {
  const clients = new Map<RoleName, pg.Client>();
  for (const role of ROLES) {
    const client = new pg.Client({ connectionString: role === 'owner' ? world.database.ownerUrl : world.database.urls[role] });
    await client.connect();
    clients.set(role, client);
  }

  /** Runs statements in one transaction that is rolled back. Returns the error of the first that fails, or how many rows the last one changed. */
  const run = async (role: RoleName, statements: readonly Statement[]): Promise<string | number> => {
    const client = clients.get(role);
    if (!client) throw new Error(`no client for ${role}`);
    await client.query('BEGIN');
    try {
      await client.query(`SELECT set_config('app.tenant_id', $1, true)`, [world.home.tenantId]);
      let changed = 0;
      for (const [sql, values] of statements) changed = (await client.query(sql, values)).rowCount ?? 0;
      await client.query('SET CONSTRAINTS ALL IMMEDIATE');
      return changed;
    } catch (error) {
      return (error as Error).message;
    } finally {
      await client.query('ROLLBACK');
    }
  };

  return {
    run,
    /** The same; null when nothing fails. */
    attempt: async (role: RoleName, ...statements: Statement[]): Promise<string | null> => {
      const outcome = await run(role, statements);
      return typeof outcome === 'string' ? outcome : null;
    },
    /** A transfer of `amount` minor units. */
    transfer: (from: string, to: string, amount: bigint, kind: string, currency = 'EUR'): [string, unknown[]] => [
      `INSERT INTO transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, kind, event_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $2)`,
      [world.home.tenantId, systemEntropy.newId(), from, to, amount, currency, kind],
    ],
    close: async () => {
      for (const client of clients.values()) await client.end();
    },
  };
};

export type Attempts = Awaited<ReturnType<typeof openAttempts>>;
