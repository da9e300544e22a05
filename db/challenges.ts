import type { Gate } from '../domain/gate/rules.js';
import type { ChallengeRow, ChallengeStore } from '../operations/stores/challenges.js';
import type { challenge } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** Challenges of one tenant. A row changes once: used or cancelled; the database holds that too. */
export const challengeStore = (tx: Tx, { tenantId, now }: Scope): ChallengeStore => ({
  insert: async (row) => {
    await tx.orm.challenge.create({
      data: {
        tenant_id: tenantId,
        id: row.id,
        batch_id: row.batchId,
        person_id: row.personId,
        gate: row.gate,
        content_version: row.contentVersion,
        digest: new Uint8Array(row.digest),
        expires_at: row.expiresAt,
      },
    });
  },

  lock: async (id) => {
    const [row] = await tx.sql.rows<challenge>('set')`SELECT * FROM challenge WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid FOR UPDATE`;
    return row ? challengeOf(row) : null;
  },

  markUsed: async (id) => {
    const { count } = await tx.orm.challenge.updateMany({
      where: { tenant_id: tenantId, id, used_at: null, cancelled_at: null },
      data: { used_at: now },
    });
    if (count !== 1) throw new Error(`challenge ${id} was no longer open under its own lock`);
  },

  ofBatch: async (batchId) => {
    const rows = await tx.orm.challenge.findMany({ where: { tenant_id: tenantId, batch_id: batchId }, orderBy: { id: 'asc' } });
    return rows.map(challengeOf);
  },

  cancelOpen: async (batchId) => {
    await tx.orm.challenge.updateMany({
      where: { tenant_id: tenantId, batch_id: batchId, used_at: null, cancelled_at: null },
      data: { cancelled_at: now },
    });
  },
});

export const challengeOf = (row: challenge): ChallengeRow => ({
  id: row.id,
  batchId: row.batch_id,
  personId: row.person_id,
  gate: row.gate as Gate,
  contentVersion: row.content_version,
  digest: row.digest,
  expiresAt: row.expires_at,
  usedAt: row.used_at,
  cancelledAt: row.cancelled_at,
});
