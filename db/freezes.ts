import { FREEZE, type FreezeStore } from '../operations/stores/freezes.js';
import type { workspace_freeze } from '../prisma/generated/client.js';
import { operatorNames } from './operator-directory.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const freezes = tableOf<workspace_freeze>()(FREEZE);

/** Freezes of one tenant (docs/adr/0073). Triggers and checks of the database hold the rule of two people once more. */
export const freezeStore = ({ orm, sql }: Tx, { tenantId, now }: Scope): FreezeStore => {
  const change = async (id: string, data: Partial<workspace_freeze>): Promise<void> => {
    const { count } = await orm.workspace_freeze.updateMany({ where: { tenant_id: tenantId, id, ended_at: null }, data });
    if (count !== 1) throw new Error(`freeze ${id} is not open under the lock of its workspace`);
  };
  return {
    current: async () => {
      const row = await orm.workspace_freeze.findFirst({ where: { tenant_id: tenantId, ended_at: null } });
      return row && freezes.row(row);
    },

    had: async (id) => (await orm.workspace_freeze.count({ where: { tenant_id: tenantId, id, ended_at: { not: null } } })) > 0,

    namesOf: (operatorIds) => operatorNames(sql, operatorIds),

    // The API may write these columns alone: a freeze begins with one operator.
    propose: async ({ id, reason, operatorId }) => {
      await sql.run('rights')`INSERT INTO workspace_freeze (tenant_id, id, reason, proposed_by, proposed_at)
        VALUES (${tenantId}::uuid, ${id}::uuid, ${reason}, ${operatorId}::uuid, ${now})`;
    },

    confirm: (id, operatorId) => change(id, { confirmed_by: operatorId, confirmed_at: now }),
    withdraw: (id) => change(id, { ended_at: now }),
    proposeThaw: (id, { reason, operatorId }) => change(id, { thaw_reason: reason, thaw_proposed_by: operatorId, thaw_proposed_at: now }),
    withdrawThaw: (id) => change(id, { thaw_reason: null, thaw_proposed_by: null, thaw_proposed_at: null }),
    confirmThaw: (id, operatorId) => change(id, { thaw_confirmed_by: operatorId, ended_at: now }),
  };
};
