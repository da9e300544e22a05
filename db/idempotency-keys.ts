import type { ClaimOutcome, IdempotencyClaim, IdempotencyKeyStore } from '../operations/stores/idempotency-keys.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/**
 * Idempotency keys of one tenant. A claim is a lease on the database's clock, in whole milliseconds so that it
 * survives the way through a Date: the lease's end names its holder, for it can only be replaced by a later one.
 */
export const idempotencyKeyStore = (tx: Tx, { tenantId }: Scope): IdempotencyKeyStore => ({
  claim: async (key, inputHash, leaseMs) => {
    const [mine] = await tx.sql.rows<{ lease_until: Date }>('set')`
      INSERT INTO idempotency_key AS k (tenant_id, principal, route, key, input_hash, lease_until)
      VALUES (${tenantId}::uuid, ${key.principal}, ${key.route}, ${key.key}, ${inputHash},
        date_trunc('milliseconds', clock_timestamp()) + ${leaseMs}::int * interval '1 millisecond')
      ON CONFLICT (tenant_id, principal, route, key) DO UPDATE SET lease_until = excluded.lease_until
        WHERE k.status IS NULL AND k.lease_until < clock_timestamp() AND k.input_hash = excluded.input_hash
      RETURNING k.lease_until`;
    return mine ? { kind: 'fresh', lease: mine.lease_until } : findClaim(tx, tenantId, key, inputHash);
  },

  store: async (key, lease, answer) => {
    const changed = await tx.sql.run('set')`
      UPDATE idempotency_key SET status = ${answer.status}::int, answer = ${answer.sealed}::bytea, subject = ${answer.subject}::text
      WHERE tenant_id = ${tenantId}::uuid AND principal = ${key.principal} AND route = ${key.route} AND key = ${key.key}
        AND lease_until = ${lease}::timestamptz`;
    return changed === 1;
  },

  forget: async (key, lease) => {
    await tx.sql.run('set')`
      DELETE FROM idempotency_key
      WHERE tenant_id = ${tenantId}::uuid AND principal = ${key.principal} AND route = ${key.route} AND key = ${key.key}
        AND lease_until = ${lease}::timestamptz AND status IS NULL`;
  },
});

interface Found {
  same_input: boolean;
  status: number | null;
  answer: Uint8Array | null;
  subject: string | null;
  left_ms: number;
}

const findClaim = async (tx: Tx, tenantId: string, key: IdempotencyClaim, inputHash: Uint8Array): Promise<ClaimOutcome> => {
  const [row] = await tx.sql.rows<Found>('set')`
    SELECT input_hash = ${inputHash}::bytea AS same_input, status, answer, subject,
      greatest(0, ceil(extract(epoch FROM lease_until - clock_timestamp()) * 1000))::int AS left_ms
    FROM idempotency_key
    WHERE tenant_id = ${tenantId}::uuid AND principal = ${key.principal} AND route = ${key.route} AND key = ${key.key}`;
  // Released between the two statements: the next try finds it free.
  if (!row) return { kind: 'in_flight', retryAfterMs: 0 };
  if (!row.same_input) return { kind: 'other_input' };
  if (row.status === null) return { kind: 'in_flight', retryAfterMs: row.left_ms };
  return row.answer ? { kind: 'replay', status: row.status, sealed: row.answer } : { kind: 'secret', subject: row.subject };
};
