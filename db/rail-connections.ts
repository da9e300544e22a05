import type { RailConnectionRow, RailConnectionStore } from '../operations/stores/rail-connections.js';
import type { rail_connection } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** Rail connections of the workspace; their credentials stay sealed here. */
export const railConnectionStore = (tx: Tx, { tenantId }: Scope): RailConnectionStore => ({
  get: async (id) => {
    const [row] = await tx.sql.rows<rail_connection>('set')`SELECT * FROM rail_connection WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid`;
    return row ? connectionOf(row) : null;
  },

  forRail: async (rail) => {
    const row = await tx.orm.rail_connection.findFirst({ where: { tenant_id: tenantId, rail, disabled_at: null }, orderBy: { id: 'asc' } });
    return row ? connectionOf(row) : null;
  },
});

const connectionOf = (row: rail_connection): RailConnectionRow => ({
  id: row.id,
  rail: row.rail,
  name: row.name,
  settings: row.settings as RailConnectionRow['settings'],
  sealed: row.sealed,
  disabledAt: row.disabled_at,
});
