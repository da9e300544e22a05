import { RAIL_CONNECTION, type RailConnectionStore } from '../operations/stores/rail-connections.js';
import type { rail_connection } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const connections = tableOf<rail_connection>()(RAIL_CONNECTION);

/** Rail connections of one tenant; their credentials are encrypted here. */
export const railConnectionStore = ({ orm, sql }: Tx, { tenantId }: Scope): RailConnectionStore => ({
  get: async (id) => {
    const row = await sql.row('hot')`
      SELECT ${connections.list()} FROM rail_connection WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid`;
    return row && connections.row(row);
  },

  forRail: async (rail) => {
    const row = await orm.rail_connection.findFirst({ where: { tenant_id: tenantId, rail, disabled_at: null }, orderBy: { id: 'asc' } });
    return row && connections.row(row);
  },
});
