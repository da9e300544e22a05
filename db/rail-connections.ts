import { RAIL_CONNECTION, RAIL_CONNECTION_VERSION, type RailConnectionRow, type RailConnectionStore } from '../operations/stores/rail-connections.js';
import { Prisma, type rail_connection, type rail_connection_version } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const connections = tableOf<rail_connection>()(RAIL_CONNECTION).joined('r');
const versions = tableOf<rail_connection_version>()(RAIL_CONNECTION_VERSION).joined('v');

/** For a SELECT list, beside `rail_connection r` and `rail_connection_version v`. */
export const CONNECTION_LIST = Prisma.sql`${connections.list}, ${versions.list}`;

const IN_VERSION = Prisma.sql`SELECT ${CONNECTION_LIST} FROM rail_connection r
  JOIN rail_connection_version v ON v.tenant_id = r.tenant_id AND v.connection_id = r.id`;

export const toConnection = (row: object): RailConnectionRow => ({ ...connections.row(row), ...versions.row(row) });

/** Rail connections of one tenant; their credentials are encrypted here. */
export const railConnectionStore = ({ sql }: Tx, { tenantId }: Scope): RailConnectionStore => ({
  get: async (id, version) => {
    const row = await sql.row<object>('hot')`${IN_VERSION} WHERE r.tenant_id = ${tenantId}::uuid AND r.id = ${id}::uuid
      ${version === undefined ? Prisma.empty : Prisma.sql`AND v.version = ${version}`} ORDER BY v.version DESC LIMIT 1`;
    return row && toConnection(row);
  },

  forRail: async (rail) => {
    const row = await sql.row<object>('join')`${IN_VERSION} WHERE r.tenant_id = ${tenantId}::uuid AND r.rail = ${rail} AND r.disabled_at IS NULL
      ORDER BY r.id, v.version DESC LIMIT 1`;
    return row && toConnection(row);
  },
});
