import pg from 'pg';
import type { World } from './world.js';

export const connectAsOwner = async (world: World): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: world.stack.state().database.owner_url });
  // A server that is killed on purpose ends its connections.
  client.on('error', () => undefined);
  await client.connect();
  return client;
};

/** Runs statements as the owner of the database, in one transaction of the workspace, for changes that no process role may make. */
export const asOwner = async <T>(world: World, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = await connectAsOwner(world);
  try {
    await client.query('BEGIN');
    await client.query(`SELECT set_config('app.tenant_id', $1, true)`, [world.tenantId]);
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } finally {
    await client.end();
  }
};

/** The single value of a query. */
export const readValue = async <T>(world: World, sql: string, parameters: unknown[] = []): Promise<T | undefined> =>
  asOwner(world, async (client) => {
    const { rows } = await client.query<{ value: T }>(sql, parameters);
    return rows[0]?.value;
  });
