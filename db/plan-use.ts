import type { PlanUseStore } from '../operations/stores/plan-use.js';
import { exclusive, planKey } from './transaction/locks.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

interface Count {
  count: number;
}

/** Counts in one tenant, each by an index of its table. */
export const planUseStore = ({ sql }: Tx, { tenantId }: Scope): PlanUseStore => ({
  hold: async () => {
    // In a statement of its own: the next one sees what the transactions that it waited for have committed.
    await sql.run('lock')`SELECT ${exclusive(planKey(tenantId))}`;
  },

  batchesToday: async () => {
    const row = await sql.row<Count>('clock')`
      SELECT count(*)::int AS count FROM payout_batch WHERE tenant_id = ${tenantId}::uuid AND created_at >= date_trunc('day', now(), 'UTC')`;
    return row?.count ?? 0;
  },

  members: async () => {
    const row = await sql.row<Count>('set')`
      SELECT count(*)::int AS count FROM membership WHERE tenant_id = ${tenantId}::uuid AND disabled_at IS NULL`;
    return row?.count ?? 0;
  },

  apiKeys: async () => {
    const row = await sql.row<Count>('clock')`
      SELECT count(*)::int AS count FROM api_key
      WHERE tenant_id = ${tenantId}::uuid AND revoked_at IS NULL AND rotated_at IS NULL AND (expires_at IS NULL OR expires_at > now())`;
    return row?.count ?? 0;
  },
});
