import type { ConnectionRow, ConnectionStore } from '../operations/stores/rail-connections.js';
import type { rail_connection } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** Rail connections of the workspace; their credentials stay sealed here. */
export const connectionStore = (tx: Tx, { tenantId }: Scope): ConnectionStore => ({
  get: async (id) => {
    const [row] = await tx.$queryRaw<rail_connection[]>`SELECT * FROM rail_connection WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid`;
    return row ? connectionOf(row) : null;
  },

  forRail: async (rail) => {
    const row = await tx.rail_connection.findFirst({ where: { tenant_id: tenantId, rail, disabled_at: null }, orderBy: { id: 'asc' } });
    return row ? connectionOf(row) : null;
  },
});

const connectionOf = (row: rail_connection): ConnectionRow => ({
  id: row.id,
  rail: row.rail,
  name: row.name,
  settings: row.settings as ConnectionRow['settings'],
  sealed: row.sealed,
  disabledAt: row.disabled_at,
});
