import type { BatchRunStore } from '../operations/stores/batch-runs.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** When each batch of one tenant was last driven. */
export const batchRunStore = ({ sql }: Tx, { tenantId }: Scope): BatchRunStore => ({
  driven: async (batchId, comesBackMs) => {
    await sql.run('conflict')`
      INSERT INTO batch_run (tenant_id, batch_id, driven_at, due_at)
      SELECT tenant_id, batch_id, now(), now() + ${comesBackMs}::float8 * interval '1 millisecond' FROM batch_control
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid
      ON CONFLICT (tenant_id, batch_id) DO UPDATE SET driven_at = EXCLUDED.driven_at, due_at = EXCLUDED.due_at`;
  },
});
