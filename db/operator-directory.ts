import { FREEZE } from '../operations/stores/freezes.js';
import type { MadeTenant, OperatorDirectory, Tenant } from '../operations/stores/operator-directory.js';
import { WORKSPACE } from '../operations/stores/workspaces.js';
import type { workspace, workspace_freeze } from '../prisma/generated/client.js';
import type { Database } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Sql } from './transaction/sql.js';
import { tableOf } from './transaction/table.js';

const workspaces = tableOf<workspace>()(WORKSPACE);
const freezes = tableOf<workspace_freeze>()(FREEZE);
/** An organization has two workspaces. */
const OF_ORGANIZATION = 10;

/** Names of operators by id; their addresses leave the database nowhere. */
export const operatorNames = async (sql: Sql, ids: readonly string[]): Promise<ReadonlyMap<string, string>> => {
  const rows = await sql.rows<{ id: string; name: string }>('function')`SELECT id, name FROM sluice_operator_names(${[...ids]}::uuid[])`;
  return new Map(rows.map(({ id, name }) => [id, name]));
};

/** Looks across workspaces for operators of the platform, through the SECURITY DEFINER functions of migrations 0030 and 0034. */
export const operatorDirectory = ({ sql }: Pick<Database, 'sql'>): OperatorDirectory => {
  const withFreezes = async (rows: workspace[]): Promise<Tenant[]> => {
    const ids = rows.map(({ tenant_id }) => tenant_id);
    const open = await sql.rows<workspace_freeze>('function')`SELECT ${freezes.list()} FROM sluice_open_freezes(${ids}::uuid[])`;
    const byTenant = new Map(open.map((row) => [row.tenant_id, freezes.row(row)]));
    return rows.map((row) => ({ workspace: workspaces.row(row), freeze: byTenant.get(row.tenant_id) ?? null }));
  };
  const read = (organizationId: string | null, after: string | null, most: number) =>
    sql.rows<workspace>('function')`SELECT ${workspaces.list()} FROM sluice_tenants(${organizationId}::uuid, ${after}::uuid, ${most}::int)`;

  return {
    operator: async (tokenHash) =>
      sql.row<{ operatorId: string; operatorKeyId: string }>('function')`
        SELECT operator_id AS "operatorId", key_id AS "operatorKeyId" FROM sluice_resolve_operator(${tokenHash})`,

    names: (ids) => operatorNames(sql, ids),

    tenant: async (tenantId) => {
      const rows = await sql.rows<workspace>('function')`SELECT ${workspaces.list()} FROM sluice_tenant(${tenantId}::uuid)`;
      const [found] = await withFreezes(rows);
      return found ?? null;
    },

    tenants: async ({ limit, after }) => {
      const { rows, hasMore } = pageOf(await read(null, after ?? null, limit + 1), limit, (row) => row);
      return { rows: await withFreezes(rows), hasMore };
    },

    tenantsOf: async (organizationId) => withFreezes(await read(organizationId, null, OF_ORGANIZATION)),

    createTenant: async ({ operatorId, key, organizationId, name, plan, live, test }) => {
      const made = await sql.row<MadeTenant>('function')`
        SELECT organization_id AS "organizationId", name, plan
        FROM sluice_create_tenant(${operatorId}::uuid, ${key}, ${organizationId}::uuid, ${name}, ${plan}, ${live}::uuid, ${test}::uuid)`;
      if (!made) throw new Error('the database made no tenant and found none');
      return made;
    },
  };
};
