import { HOLD, type HoldStore } from '../operations/stores/holds.js';
import type { hold } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const holds = tableOf<hold>()(HOLD);

/** Holds of one tenant: money set aside at authorization. A hold only shrinks and resolves once; the database enforces that too. */
export const holdStore = ({ orm, sql }: Tx, { tenantId }: Scope): HoldStore => ({
  insert: async (row) => {
    await orm.hold.create({ data: { tenant_id: tenantId, ...holds.stored({ ...row, remaining: row.amount }) } });
  },

  lockLive: async (batchId) => {
    const row = await sql.row('lock')`
      SELECT ${holds.list()} FROM hold WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND resolved_at IS NULL FOR UPDATE`;
    return row && holds.row(row);
  },

  ofBatch: async (batchId) =>
    (await orm.hold.findMany({ where: { tenant_id: tenantId, batch_id: batchId }, orderBy: { content_version: 'asc' } })).map(holds.row),

  reduce: async (holdId, amount) => {
    const changed = await sql.run('conflict')`
      UPDATE hold SET remaining = remaining - ${amount}, resolved_at = CASE WHEN remaining = ${amount} THEN now() END
      WHERE tenant_id = ${tenantId}::uuid AND id = ${holdId}::uuid`;
    if (changed !== 1) throw new Error(`there is no hold ${holdId} to take from`);
  },
});
