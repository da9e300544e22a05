import type { Gate } from '../domain/gate/rules.js';
import type { GateRow, GateStore } from '../operations/stores/gates.js';
import type { gate } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** Opened gates of one tenant. Append-only: a gate counts while its content version is the batch's current one. */
export const gateStore = (tx: Tx, { tenantId }: Scope): GateStore => ({
  insert: async (row) => {
    await tx.orm.gate.create({
      data: {
        tenant_id: tenantId,
        id: row.id,
        batch_id: row.batchId,
        gate: row.gate,
        content_version: row.contentVersion,
        digest: new Uint8Array(row.digest),
        person_id: row.personId,
        challenge_id: row.challengeId,
        factor_id: row.factorId,
        time_step: BigInt(row.timeStep),
        event_id: row.eventId,
      },
    });
  },

  get: async (id) => {
    const row = await tx.orm.gate.findUnique({ where: { tenant_id_id: { tenant_id: tenantId, id } } });
    return row ? gateOf(row) : null;
  },

  open: async (batchId, contentVersion) => {
    const rows = await tx.sql.rows<gate>('set')`
      SELECT * FROM gate WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND content_version = ${contentVersion} ORDER BY opened_at, id`;
    return rows.map(gateOf);
  },

  underCheckpoint: async (batchId, contentVersion) => {
    const [row] = await tx.sql.rows<{ sealed: bigint }>('set')`
      SELECT count(*) AS sealed FROM gate g JOIN audit_leaf l ON l.tenant_id = g.tenant_id AND l.event_id = g.event_id
      WHERE g.tenant_id = ${tenantId}::uuid AND g.batch_id = ${batchId}::uuid AND g.content_version = ${contentVersion}
        AND l.index < (SELECT max(c.size) FROM audit_checkpoint c WHERE c.tenant_id = ${tenantId}::uuid AND c.published_at IS NOT NULL)`;
    return row?.sealed === 3n;
  },

  inOrder: async (after, limit) => {
    const rows = await tx.orm.gate.findMany({
      where: { tenant_id: tenantId, ...(after ? { id: { gt: after } } : {}) },
      orderBy: { id: 'asc' },
      take: limit,
    });
    return rows.map(gateOf);
  },

  all: async (batchId) => {
    const rows = await tx.orm.gate.findMany({ where: { tenant_id: tenantId, batch_id: batchId }, orderBy: [{ opened_at: 'asc' }, { id: 'asc' }] });
    return rows.map(gateOf);
  },
});

export const gateOf = (row: gate): GateRow => ({
  id: row.id,
  batchId: row.batch_id,
  gate: row.gate as Gate,
  contentVersion: row.content_version,
  digest: row.digest,
  personId: row.person_id,
  challengeId: row.challenge_id,
  factorId: row.factor_id,
  timeStep: Number(row.time_step),
  eventId: row.event_id,
  openedAt: row.opened_at,
});
