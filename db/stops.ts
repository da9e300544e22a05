import { STOP, type StopStore } from '../operations/stores/stops.js';
import type { workspace_stop } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const stops = tableOf<workspace_stop>()(STOP);

/** Stops of one tenant (docs/adr/0079). Triggers and checks of the database hold the rule of two people once more. */
export const stopStore = ({ orm, sql }: Tx, { tenantId, now }: Scope): StopStore => {
  const change = async (id: string, data: Partial<workspace_stop>): Promise<void> => {
    const { count } = await orm.workspace_stop.updateMany({ where: { tenant_id: tenantId, id, ended_at: null }, data });
    if (count !== 1) throw new Error(`stop ${id} is not open under the lock of its workspace`);
  };
  return {
    current: async () => {
      const row = await orm.workspace_stop.findFirst({ where: { tenant_id: tenantId, ended_at: null } });
      return row && stops.row(row);
    },

    // The API may write these columns alone: a stop begins with nobody who asks to lift it.
    begin: async ({ id, reason, personId }) => {
      await sql.run('rights')`INSERT INTO workspace_stop (tenant_id, id, reason, stopped_by, stopped_at)
        VALUES (${tenantId}::uuid, ${id}::uuid, ${reason}, ${personId}::uuid, ${now})`;
    },

    askToLift: (id, personId) => change(id, { lift_asked_by: personId, lift_asked_at: now }),
    keep: (id) => change(id, { lift_asked_by: null, lift_asked_at: null }),
    lift: (id, personId) => change(id, { lifted_by: personId, ended_at: now }),
  };
};
