import type { WorkspaceRow, WorkspaceStore } from '../operations/stores/workspaces.js';
import type { workspace } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** The tenant's own row. Both reads throw when there is none: a transaction is only opened for a workspace that exists. */
export const workspaceStore = (tx: Tx, { tenantId }: Scope): WorkspaceStore => ({
  get: async () => workspaceOf(await tx.orm.workspace.findUniqueOrThrow({ where: { tenant_id: tenantId } })),

  lockShared: async () => {
    const [row] = await tx.sql.rows<workspace>('set')`SELECT * FROM workspace WHERE tenant_id = ${tenantId}::uuid FOR SHARE`;
    if (!row) throw new Error(`there is no workspace ${tenantId}`);
    return workspaceOf(row);
  },
});

const workspaceOf = (row: workspace): WorkspaceRow => ({
  tenantId: row.tenant_id,
  organizationId: row.organization_id,
  name: row.name,
  mode: row.mode as WorkspaceRow['mode'],
  frozenAt: row.frozen_at,
});
