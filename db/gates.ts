import { GATE, type GateStore } from '../operations/stores/gates.js';
import type { gate } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const gates = tableOf<gate>()(GATE);

/** Opened gates of one tenant, append-only: a gate counts while its content version is the batch's current one. */
export const gateStore = ({ orm, sql }: Tx, { tenantId }: Scope): GateStore => ({
  insert: async (row) => {
    await orm.gate.create({ data: { tenant_id: tenantId, ...gates.stored(row) } });
  },

  open: async (batchId, contentVersion) => {
    const rows = await sql.rows('hot')`
      SELECT ${gates.list()} FROM gate
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND content_version = ${contentVersion} ORDER BY opened_at, id`;
    return rows.map(gates.row);
  },

  underCheckpoint: async (batchId, contentVersion) => {
    const row = await sql.row<{ covered: bigint }>('join')`
      SELECT count(*) AS covered FROM gate g JOIN audit_leaf l ON l.tenant_id = g.tenant_id AND l.event_id = g.event_id
      WHERE g.tenant_id = ${tenantId}::uuid AND g.batch_id = ${batchId}::uuid AND g.content_version = ${contentVersion}
        AND l.index < (SELECT max(c.size) FROM audit_checkpoint c WHERE c.tenant_id = ${tenantId}::uuid AND c.published_at IS NOT NULL)`;
    return row?.covered === 3n;
  },

  inOrder: async (after, limit) => {
    const rows = await orm.gate.findMany({
      where: { tenant_id: tenantId, ...(after ? { id: { gt: after } } : {}) },
      orderBy: { id: 'asc' },
      take: limit,
    });
    return rows.map(gates.row);
  },

  all: async (batchId) => {
    const rows = await orm.gate.findMany({ where: { tenant_id: tenantId, batch_id: batchId }, orderBy: [{ opened_at: 'asc' }, { id: 'asc' }] });
    return rows.map(gates.row);
  },
});
