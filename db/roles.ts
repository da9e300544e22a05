import { type RoleStore, WORKSPACE_ROLE } from '../operations/stores/roles.js';
import type { workspace_role } from '../prisma/generated/client.js';
import { storedSeal } from './sealed-membership.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const roles = tableOf<workspace_role>()(WORKSPACE_ROLE);

/** Roles that a workspace defines. */
export const roleStore = ({ orm, sql }: Tx, { tenantId }: Scope): RoleStore => ({
  list: async () => (await orm.workspace_role.findMany({ where: { tenant_id: tenantId }, orderBy: { name: 'asc' } })).map(roles.row),

  hold: async (names) => {
    const rows = await sql.rows('lock')`
      SELECT ${roles.list()} FROM workspace_role WHERE tenant_id = ${tenantId}::uuid AND name = ANY (${[...names]}::text[]) ORDER BY name FOR SHARE`;
    return rows.map(roles.row);
  },

  lock: async (name) => {
    const row = await sql.row('lock')`SELECT ${roles.list()} FROM workspace_role WHERE tenant_id = ${tenantId}::uuid AND name = ${name} FOR UPDATE`;
    return row && roles.row(row);
  },

  insert: async (row) => {
    const [made] = await sql.rows('conflict')`
      INSERT INTO workspace_role (tenant_id, name, permissions, event_id, authenticator)
      VALUES (${tenantId}::uuid, ${row.name}, ${[...row.permissions]}::text[], ${row.eventId}::uuid, ${row.authenticator}::bytea)
      ON CONFLICT (tenant_id, name) DO NOTHING RETURNING ${roles.list()}`;
    return made ? roles.row(made) : null;
  },

  change: async (name, permissions, seal) => {
    await orm.workspace_role.update({
      where: { tenant_id_name: { tenant_id: tenantId, name } },
      data: { permissions: [...permissions], row_version: { increment: 1 }, ...storedSeal(seal) },
    });
  },

  delete: async (name) => {
    await orm.workspace_role.delete({ where: { tenant_id_name: { tenant_id: tenantId, name } } });
  },

  memberCounts: async () => {
    const rows = await sql.rows<{ role: string; members: number }>('set')`
      SELECT role, count(*)::int AS members FROM membership m, unnest(m.roles) role
      WHERE m.tenant_id = ${tenantId}::uuid AND m.disabled_at IS NULL GROUP BY role`;
    return new Map(rows.map(({ role, members }) => [role, members]));
  },

  isHeld: async (name) => {
    const row = await orm.membership.findFirst({ where: { tenant_id: tenantId, roles: { has: name } }, select: { person_id: true } });
    return row !== null;
  },
});
