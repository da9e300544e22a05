import { CHALLENGE, type ChallengeStore } from '../operations/stores/challenges.js';
import type { challenge } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const challenges = tableOf<challenge>()(CHALLENGE);

/** Challenges of one tenant. A row changes once, when it is used or cancelled; the database enforces that too. */
export const challengeStore = ({ orm, sql }: Tx, { tenantId, now }: Scope): ChallengeStore => ({
  insert: async (row) => {
    await orm.challenge.create({ data: { tenant_id: tenantId, ...challenges.stored(row) } });
  },

  lock: async (id) => {
    const row = await sql.row('lock')`
      SELECT ${challenges.list()} FROM challenge WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid FOR UPDATE`;
    return row && challenges.row(row);
  },

  markUsed: async (id) => {
    const { count } = await orm.challenge.updateMany({
      where: { tenant_id: tenantId, id, used_at: null, cancelled_at: null },
      data: { used_at: now },
    });
    if (count !== 1) throw new Error(`challenge ${id} was no longer open under its own lock`);
  },

  ofBatch: async (batchId) => {
    const rows = await orm.challenge.findMany({ where: { tenant_id: tenantId, batch_id: batchId }, orderBy: { id: 'asc' } });
    return rows.map(challenges.row);
  },

  cancelOpen: async (batchId) => {
    await orm.challenge.updateMany({
      where: { tenant_id: tenantId, batch_id: batchId, used_at: null, cancelled_at: null },
      data: { cancelled_at: now },
    });
  },
});
