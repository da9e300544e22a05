import type { BatchState } from '../domain/batch/states.js';
import { LOG_GENERATION, RECOVERY_MARK, type RecoveryStore } from '../operations/stores/recoveries.js';
import type { log_generation, recovery_mark } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const marks = tableOf<recovery_mark>()(RECOVERY_MARK);
const generations = tableOf<log_generation>()(LOG_GENERATION);

interface OpenRow {
  batch_id: string;
  state: BatchState;
  connection_id: string;
  connection_version: number;
  open: number;
  amount: bigint;
}

/** What a restored database of one tenant knows, and which of its batches are in doubt. */
export const recoveryStore = ({ orm, sql }: Tx, { tenantId }: Scope): RecoveryStore => ({
  knownUntil: async () => {
    const { _max } = await orm.audit_checkpoint.aggregate({ where: { tenant_id: tenantId }, _max: { published_at: true } });
    return _max.published_at ?? new Date(0);
  },

  openBatches: async () => {
    const rows = await sql.rows<OpenRow>('join')`
      SELECT c.batch_id, c.state, b.connection_id, b.connection_version, n.open, coalesce(i.amount, 0)::bigint AS amount
      FROM batch_control c
      JOIN payout_batch b ON b.tenant_id = c.tenant_id AND b.id = c.batch_id
      JOIN batch_counter n ON n.tenant_id = c.tenant_id AND n.batch_id = c.batch_id
      CROSS JOIN LATERAL (
        SELECT sum(i.amount) AS amount FROM payout_item i
        WHERE i.tenant_id = c.tenant_id AND i.batch_id = c.batch_id AND i.state IN ('pending', 'submitting', 'unknown', 'submitted')
      ) i
      WHERE c.tenant_id = ${tenantId}::uuid AND c.state IN ('draft', 'queued', 'approved', 'authorized', 'executing') ORDER BY c.batch_id`;
    return rows.map((row) => ({
      ...{ batchId: row.batch_id, state: row.state, connectionId: row.connection_id, connectionVersion: row.connection_version },
      ...{ open: row.open, amount: row.amount },
    }));
  },

  connections: async () => {
    const rows = await orm.rail_connection_version.findMany({
      where: { tenant_id: tenantId },
      select: { connection_id: true, version: true },
      orderBy: [{ connection_id: 'asc' }, { version: 'asc' }],
    });
    return rows.map(({ connection_id, version }) => ({ connectionId: connection_id, version }));
  },

  startGeneration: async (row) => {
    await orm.log_generation.create({ data: { tenant_id: tenantId, ...generations.stored(row) } });
  },

  pause: async (batchId, reason) => {
    const row = await sql.row<{ paused: boolean }>('function')`SELECT sluice_pause_recovered(${batchId}::uuid, ${reason}) AS paused`;
    return row?.paused ?? false;
  },

  mark: async (row) => {
    await orm.recovery_mark.createMany({ data: [{ tenant_id: tenantId, ...marks.stored(row) }], skipDuplicates: true });
  },

  markOf: async (batchId) => {
    const row = await orm.recovery_mark.findUnique({ where: { tenant_id_batch_id: { tenant_id: tenantId, batch_id: batchId } } });
    return row && marks.row(row);
  },
});
