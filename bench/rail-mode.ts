import pg from 'pg';
import { fromWireId } from '../domain/ids.js';
import type { World } from '../test/e2e/harness/world.js';

/** How the sandbox rail is used in a run. Chunks are as large as the rail says (rails/sandbox/settings.ts). */
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

/** The workspace's tenant id, as the database knows it. */
export const tenantOf = (world: World): string => fromWireId('workspace', world.stack.state().workspace_id) ?? '';

/** A connection as the owner, who is bound by row-level security too, in the demo workspace. */
export const ownerOf = async (world: World): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: world.stack.state().database.owner_url });
  await client.connect();
  await client.query(`SELECT set_config('app.tenant_id', $1, false)`, [tenantOf(world)]);
  return client;
};

/** Sets the demo connection to a mode; batches that are created from now on use it. */
export const useRail = async (owner: pg.Client, { endpoint, settlement }: RailMode): Promise<void> => {
  await owner.query(`UPDATE rail_connection SET settings = settings || jsonb_build_object('endpoint', $1::text, 'settlement', $2::text)`, [
    endpoint,
    settlement,
  ]);
};
