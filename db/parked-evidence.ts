import type { ParkedEvidenceStore, ParkedRow } from '../operations/stores/parked-evidence.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

interface ParkedSql {
  id: string;
  connection_id: string;
  payment_key: string;
  outcome: ParkedRow['outcome'];
  rank: number;
  amount: bigint | null;
  currency: string | null;
  provider_reference: string | null;
  reason: string;
  inbound_id: string | null;
}

/** A payment key is `item_` + batch (32 hex digits) + ordinal (8): see domain/ids.ts. */
export const parkedEvidenceStore = (tx: Tx, scope: Scope): ParkedEvidenceStore => ({
  park: async (rows) => {
    if (rows.length === 0) return new Set();
    const parked = await tx.sql.rows<{ id: string }>('set')`
      INSERT INTO parked_evidence (tenant_id, id, connection_id, payment_key, outcome, rank, amount, currency, provider_reference, reason, inbound_id)
      SELECT ${scope.tenantId}::uuid, r.* FROM unnest(${rows.map((r) => r.id)}::uuid[], ${rows.map((r) => r.connectionId)}::uuid[],
        ${rows.map((r) => r.paymentKey)}::text[], ${rows.map((r) => r.outcome)}::text[], ${rows.map((r) => r.rank)}::int[],
        ${rows.map((r) => r.amount)}::bigint[], ${rows.map((r) => r.currency)}::text[], ${rows.map((r) => r.providerReference)}::text[],
        ${rows.map((r) => r.reason)}::text[], ${rows.map((r) => r.inboundId)}::uuid[])
        AS r (id, connection_id, payment_key, outcome, rank, amount, currency, provider_reference, reason, inbound_id)
      WHERE NOT EXISTS (
        SELECT 1 FROM parked_evidence p
        WHERE p.tenant_id = ${scope.tenantId}::uuid AND p.connection_id = r.connection_id AND p.payment_key = r.payment_key AND p.outcome = r.outcome
          AND p.rank = r.rank AND p.amount IS NOT DISTINCT FROM r.amount AND p.currency IS NOT DISTINCT FROM r.currency AND p.reason = r.reason
          AND p.resolved_at IS NULL)
      RETURNING id`;
    return new Set(parked.map((row) => row.id));
  },

  // The key is taken apart first, and each is looked up by itself: behind row-level security a pattern or a cast is no way into an
  // index, and a join would read all items of the workspace.
  due: async (limit) => {
    const rows = await tx.sql.rows<ParkedSql>('set')`
      WITH waiting AS MATERIALIZED (
        SELECT id, connection_id, amount, currency, substr(payment_key, 6, 32)::uuid AS batch_id, ('x' || substr(payment_key, 38, 8))::bit(32)::int AS ordinal
        FROM parked_evidence WHERE tenant_id = ${scope.tenantId}::uuid AND resolved_at IS NULL AND payment_key ~ '^item_[0-9a-f]{40}$'
      ), matched AS MATERIALIZED (
        SELECT w.id FROM waiting w CROSS JOIN LATERAL (
          SELECT FROM payout_batch b JOIN payout_item i ON i.tenant_id = b.tenant_id AND i.batch_id = b.id
          WHERE b.tenant_id = ${scope.tenantId}::uuid AND b.id = w.batch_id AND b.connection_id = w.connection_id AND b.currency = coalesce(w.currency, b.currency)
            AND i.tenant_id = ${scope.tenantId}::uuid AND i.batch_id = w.batch_id AND i.ordinal = w.ordinal AND i.amount = coalesce(w.amount, i.amount)
            AND i.state NOT IN ('pending', 'cancelled', 'excluded', 'blocked')
          LIMIT 1) found
      )
      SELECT p.id, p.connection_id, p.payment_key, p.outcome, p.rank, p.amount, p.currency, p.provider_reference, p.reason, p.inbound_id
      FROM matched m JOIN parked_evidence p ON p.tenant_id = ${scope.tenantId}::uuid AND p.id = m.id
      WHERE p.resolved_at IS NULL
      ORDER BY p.id LIMIT ${limit} FOR UPDATE OF p SKIP LOCKED`;
    return rows.map((row) => ({
      id: row.id,
      connectionId: row.connection_id,
      paymentKey: row.payment_key,
      outcome: row.outcome,
      rank: row.rank,
      amount: row.amount,
      currency: row.currency,
      providerReference: row.provider_reference,
      reason: row.reason,
      inboundId: row.inbound_id,
    }));
  },

  resolve: async (ids) => {
    if (ids.length === 0) return;
    await tx.sql.run('set')`
      UPDATE parked_evidence SET resolved_at = now()
      WHERE tenant_id = ${scope.tenantId}::uuid AND id = ANY(${[...ids]}::uuid[]) AND resolved_at IS NULL`;
  },
});
