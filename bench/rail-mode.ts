import pg from 'pg';
import { fromWireId } from '../domain/ids.js';
import type { World } from '../test/e2e/harness/world.js';

/** How a run uses the sandbox rail. The sizes of chunks are those of the rail (rails/sandbox/settings.ts). */
export interface RailMode {
  name: 'bulk' | 'bulk-async' | 'single';
  endpoint: 'bulk' | 'single';
  settlement: 'immediate' | 'async';
  chunkSize: number;
}

export const RAILS: readonly RailMode[] = [
  { name: 'bulk', endpoint: 'bulk', settlement: 'immediate', chunkSize: 1_024 },
  { name: 'bulk-async', endpoint: 'bulk', settlement: 'async', chunkSize: 1_024 },
  { name: 'single', endpoint: 'single', settlement: 'immediate', chunkSize: 128 },
];

/** The tenant id of the workspace, as in the database. */
export const tenantOf = (world: World): string => fromWireId('workspace', world.stack.state().workspace_id) ?? '';

/** A database connection as the owner in the demo workspace. Row-level security applies to the owner too. */
export const ownerOf = async (world: World): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: world.stack.state().database.owner_url });
  await client.connect();
  await client.query(`SELECT set_config('app.tenant_id', $1, false)`, [tenantOf(world)]);
  return client;
};

/** Sets the rail connection of the demo to a mode, for batches that are created from now on. */
export const useRail = async (owner: pg.Client, { endpoint, settlement }: RailMode): Promise<void> => {
  await owner.query(
    `INSERT INTO rail_connection_version (tenant_id, connection_id, version, settings)
     SELECT DISTINCT ON (tenant_id, connection_id) tenant_id, connection_id, version + 1,
       settings || jsonb_build_object('endpoint', $1::text, 'settlement', $2::text)
     FROM rail_connection_version ORDER BY tenant_id, connection_id, version DESC`,
    [endpoint, settlement],
  );
};
