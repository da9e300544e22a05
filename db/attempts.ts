import { ATTEMPT, type AttemptStore } from '../operations/stores/attempts.js';
import type { payment_attempt } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const attempts = tableOf<payment_attempt>()(ATTEMPT);

/** Attempts to send a chunk, append-only. Leases are measured on the database's clock. */
export const attemptStore = ({ orm, sql }: Tx, { tenantId }: Scope): AttemptStore => ({
  ofChunk: async (batchId, chunk) => {
    const rows = await sql.rows<{ lease_left_ms: number; age_ms: number }>('clock')`
      SELECT ${attempts.list()}, (extract(epoch FROM lease_until - clock_timestamp()) * 1000)::float8 AS lease_left_ms,
        (extract(epoch FROM clock_timestamp() - created_at) * 1000)::float8 AS age_ms
      FROM payment_attempt
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND chunk = ${chunk} ORDER BY attempt`;
    return rows.map((row) => ({ ...attempts.row(row), leaseLeftMs: row.lease_left_ms, ageMs: row.age_ms }));
  },

  ofBatch: async (batchId) => {
    const rows = await orm.payment_attempt.findMany({
      where: { tenant_id: tenantId, batch_id: batchId },
      orderBy: [{ chunk: 'asc' }, { attempt: 'asc' }],
    });
    return rows.map(attempts.row);
  },

  insert: async (row) => {
    await sql.run('clock')`
      INSERT INTO payment_attempt (tenant_id, batch_id, chunk, attempt, connection_id, renderer_version, request_hash, lease_until, item_count)
      VALUES (${tenantId}::uuid, ${row.batchId}::uuid, ${row.chunk}, ${row.attempt}, ${row.connectionId}::uuid, ${row.rendererVersion},
        ${Buffer.from(row.requestHash)}, clock_timestamp() + ${row.leaseMs} * interval '1 millisecond', ${row.itemCount})`;
  },
});
