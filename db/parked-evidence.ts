import { membersOf } from '../operations/stores/columns.js';
import { PARKED_EVIDENCE, type ParkedEvidenceStore, WAITING_EVIDENCE } from '../operations/stores/parked-evidence.js';
import type { parked_evidence } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const parked = tableOf<parked_evidence>()(PARKED_EVIDENCE);
const waiting = tableOf<parked_evidence>()(WAITING_EVIDENCE);
const ALL = membersOf(PARKED_EVIDENCE);

/** Evidence of one tenant that waits for its item. A payment key is `item_` + batch (32 hex digits) + ordinal (8): see domain/ids.ts. */
export const parkedEvidenceStore = ({ orm, sql }: Tx, { tenantId }: Scope): ParkedEvidenceStore => ({
  park: async (rows) => {
    if (rows.length === 0) return new Set();
    const inserted = await sql.rows<{ id: string }>('set')`
      INSERT INTO parked_evidence (tenant_id, ${parked.names(ALL)})
      SELECT ${tenantId}::uuid, r.* FROM ${parked.unnest(ALL, rows)} AS r (${parked.names(ALL)})
      WHERE NOT EXISTS (
        SELECT 1 FROM parked_evidence p
        WHERE p.tenant_id = ${tenantId}::uuid AND p.connection_id = r.connection_id AND p.payment_key = r.payment_key AND p.outcome = r.outcome
          AND p.rank = r.rank AND p.amount IS NOT DISTINCT FROM r.amount AND p.currency IS NOT DISTINCT FROM r.currency AND p.reason = r.reason
          AND p.resolved_at IS NULL)
      RETURNING id`;
    return new Set(inserted.map(({ id }) => id));
  },

  // The key is taken apart first, and each is looked up by itself: behind row-level security a pattern or a cast is no way into an
  // index, and a join would read all items of the workspace.
  due: async (limit) => {
    const rows = await sql.rows('lock')`
      WITH waiting AS MATERIALIZED (
        SELECT id, connection_id, amount, currency, substr(payment_key, 6, 32)::uuid AS batch_id, ('x' || substr(payment_key, 38, 8))::bit(32)::int AS ordinal
        FROM parked_evidence WHERE tenant_id = ${tenantId}::uuid AND resolved_at IS NULL AND payment_key ~ '^item_[0-9a-f]{40}$'
      ), matched AS MATERIALIZED (
        SELECT w.id FROM waiting w CROSS JOIN LATERAL (
          SELECT FROM payout_batch b JOIN item_now i ON i.tenant_id = b.tenant_id AND i.batch_id = b.id
          WHERE b.tenant_id = ${tenantId}::uuid AND b.id = w.batch_id AND b.connection_id = w.connection_id AND b.currency = coalesce(w.currency, b.currency)
            AND i.tenant_id = ${tenantId}::uuid AND i.batch_id = w.batch_id AND i.ordinal = w.ordinal AND i.amount = coalesce(w.amount, i.amount)
            AND i.state NOT IN ('pending', 'cancelled', 'excluded', 'blocked')
          LIMIT 1) found
      )
      SELECT ${parked.list('p')}
      FROM matched m JOIN parked_evidence p ON p.tenant_id = ${tenantId}::uuid AND p.id = m.id
      WHERE p.resolved_at IS NULL
      ORDER BY p.id LIMIT ${limit} FOR UPDATE OF p SKIP LOCKED`;
    return rows.map(parked.row);
  },

  anyWaits: async () => {
    const row = await sql.row<{ found: boolean }>('hot')`
      SELECT EXISTS (SELECT FROM parked_evidence WHERE tenant_id = ${tenantId}::uuid AND resolved_at IS NULL) AS found`;
    return row?.found ?? false;
  },

  waiting: async ({ limit, after, connectionId }) => {
    const rows = await orm.parked_evidence.findMany({
      where: {
        tenant_id: tenantId,
        resolved_at: null,
        ...(after ? { id: { lt: after } } : {}),
        ...(connectionId === undefined ? {} : { connection_id: connectionId }),
      },
      orderBy: { id: 'desc' },
      take: limit + 1,
    });
    return pageOf(rows, limit, waiting.row);
  },

  discard: async (id) => {
    const row = await sql.row('conflict')`
      UPDATE parked_evidence SET resolved_at = now()
      WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid AND resolved_at IS NULL RETURNING ${waiting.list()}`;
    return row && waiting.row(row);
  },

  resolve: async (ids) => {
    if (ids.length === 0) return;
    await sql.run('set')`
      UPDATE parked_evidence SET resolved_at = now()
      WHERE tenant_id = ${tenantId}::uuid AND id = ANY(${[...ids]}::uuid[]) AND resolved_at IS NULL`;
  },
});
