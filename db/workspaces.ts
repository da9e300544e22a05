import type { Plan } from '../domain/plans.js';
import { WORKSPACE, type WorkspaceStore } from '../operations/stores/workspaces.js';
import type { workspace } from '../prisma/generated/client.js';
import { exclusive, shared, workspaceKey } from './transaction/locks.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const workspaces = tableOf<workspace>()(WORKSPACE);

/** The tenant's own row. Reads throw when there is none: a transaction is only opened for a workspace that exists. */
export const workspaceStore = ({ orm, sql }: Tx, { tenantId, now }: Scope): WorkspaceStore => ({
  async get() {
    const row = await sql.row('hot')`SELECT ${workspaces.list()} FROM workspace WHERE tenant_id = ${tenantId}::uuid`;
    if (!row) throw new Error(`there is no workspace ${tenantId}`);
    return workspaces.row(row);
  },

  async lock() {
    await sql.run('lock')`SELECT ${exclusive(workspaceKey(tenantId))}`;
    return this.get();
  },

  async lockShared() {
    await sql.run('lock')`SELECT ${shared(workspaceKey(tenantId))}`;
    return this.get();
  },

  async stop() {
    await orm.workspace.updateMany({ where: { tenant_id: tenantId, frozen_at: null }, data: { frozen_at: now } });
  },

  async close() {
    await orm.workspace.updateMany({ where: { tenant_id: tenantId, closed_at: null }, data: { closed_at: now } });
    await sql.row('function')`SELECT sluice_end_sessions_of_closed()`;
  },

  async thaw() {
    await sql.run('join')`
      UPDATE workspace w SET
        frozen_at = coalesce((SELECT f.proposed_at FROM workspace_freeze f WHERE f.tenant_id = w.tenant_id AND f.ended_at IS NULL),
          (SELECT s.stopped_at FROM workspace_stop s WHERE s.tenant_id = w.tenant_id AND s.ended_at IS NULL)),
        closed_at = CASE WHEN EXISTS (SELECT FROM workspace_freeze f
          WHERE f.tenant_id = w.tenant_id AND f.ended_at IS NULL AND f.confirmed_by IS NOT NULL) THEN w.closed_at END
      WHERE w.tenant_id = ${tenantId}::uuid`;
  },

  async setPlan(operatorId, plan) {
    const row = await sql.row<{ was: Plan | null }>('function')`SELECT sluice_set_plan(${operatorId}::uuid, ${plan}) AS was`;
    if (!row?.was) throw new Error(`there is no workspace ${tenantId}`);
    return row.was;
  },

  async requireSigning() {
    await orm.workspace.updateMany({ where: { tenant_id: tenantId, signing_required_at: null }, data: { signing_required_at: now } });
    return this.get();
  },

  async allowUnsigned() {
    await orm.workspace.updateMany({ where: { tenant_id: tenantId }, data: { signing_required_at: null } });
    return this.get();
  },
});
