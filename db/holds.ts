import type { HoldRow, HoldStore } from '../operations/stores/holds.js';
import type { hold } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** Holds of one tenant: money set aside at authorization. A hold only shrinks and resolves once; the database holds that too. */
export const holdStore = (tx: Tx, { tenantId }: Scope): HoldStore => ({
  insert: async (row) => {
    await tx.hold.create({
      data: {
        tenant_id: tenantId,
        id: row.id,
        batch_id: row.batchId,
        content_version: row.contentVersion,
        account_id: row.accountId,
        currency: row.currency,
        amount: row.amount,
        remaining: row.amount,
      },
    });
  },

  lockLive: async (batchId) => {
    const [row] = await tx.$queryRaw<hold[]>`
      SELECT * FROM hold WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND resolved_at IS NULL FOR UPDATE`;
    return row ? holdOf(row) : null;
  },

  ofBatch: async (batchId) => {
    const rows = await tx.hold.findMany({ where: { tenant_id: tenantId, batch_id: batchId }, orderBy: { content_version: 'asc' } });
    return rows.map(holdOf);
  },

  reduce: async (holdId, amount) => {
    const changed = await tx.$executeRaw`
      UPDATE hold SET remaining = remaining - ${amount}, resolved_at = CASE WHEN remaining = ${amount} THEN now() END
      WHERE tenant_id = ${tenantId}::uuid AND id = ${holdId}::uuid`;
    if (changed !== 1) throw new Error(`there is no hold ${holdId} to take from`);
  },
});

const holdOf = (row: hold): HoldRow => ({
  id: row.id,
  batchId: row.batch_id,
  contentVersion: row.content_version,
  accountId: row.account_id,
  currency: row.currency,
  amount: row.amount,
  remaining: row.remaining,
  resolvedAt: row.resolved_at,
});
