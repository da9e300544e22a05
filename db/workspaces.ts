import { WORKSPACE, type WorkspaceStore } from '../operations/stores/workspaces.js';
import type { workspace } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const workspaces = tableOf<workspace>()(WORKSPACE);

/** The tenant's own row. Both reads throw when there is none: a transaction is only opened for a workspace that exists. */
export const workspaceStore = ({ orm, sql }: Tx, { tenantId }: Scope): WorkspaceStore => ({
  get: async () => workspaces.row(await orm.workspace.findUniqueOrThrow({ where: { tenant_id: tenantId } })),

  lockShared: async () => {
    const row = await sql.row('lock')`SELECT ${workspaces.list()} FROM workspace WHERE tenant_id = ${tenantId}::uuid FOR SHARE`;
    if (!row) throw new Error(`there is no workspace ${tenantId}`);
    return workspaces.row(row);
  },
});
