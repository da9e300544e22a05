import pg from 'pg';
import type { Database } from './transaction/open.js';

interface OutboxSql {
  tenant_id: string;
  id: string;
  batch_id: string;
  message: string;
  body: { gateId?: string; requestId?: string };
  attempts: number;
}

/** What the relay's role may do: the functions of migration 0003 and nothing else. It sees outbox rows and which batches want driving. */
export const openRelayStore = (url: string) => {
  const pool = new pg.Pool({ connectionString: url, max: 2, application_name: 'sluice relay' });
  pool.on('error', () => undefined);
  return {
    /** Claims due messages one by one (R14): whoever dies leaves them due again after the lease. */
    claim: async (most: number, leaseMs: number) => {
      const { rows } = await pool.query<OutboxSql>(`SELECT * FROM sluice_claim_outbox($1, $2 * interval '1 millisecond')`, [most, leaseMs]);
      return rows.map((row) => ({
        tenantId: row.tenant_id,
        id: row.id,
        batchId: row.batch_id,
        message: row.message,
        gateId: row.body.gateId ?? null,
        requestId: row.body.requestId ?? null,
        attempts: row.attempts,
      }));
    },
    delivered: async (tenantId: string, id: string) => {
      await pool.query('SELECT sluice_delivered($1, $2)', [tenantId, id]);
    },
    undelivered: async (tenantId: string, id: string, problem: string, againMs: number, fate: 'again' | 'dead') => {
      await pool.query(`SELECT sluice_undelivered($1, $2, $3, $4 * interval '1 millisecond', $5)`, [tenantId, id, problem, againMs, fate === 'dead']);
    },
    /** Batches that are not terminal; of all tenants, or those of the given ids. */
    toDrive: async (batchIds?: readonly string[]) => {
      const { rows } = await pool.query<{ tenant_id: string; batch_id: string }>(
        'SELECT tenant_id, batch_id FROM sluice_batches_to_drive() WHERE $1::uuid[] IS NULL OR batch_id = ANY($1::uuid[])',
        [batchIds ?? null],
      );
      return rows.map((row) => ({ tenantId: row.tenant_id, batchId: row.batch_id }));
    },
    backlog: async () => {
      const { rows } = await pool.query<{ waiting: string; dead: string; oldest_seconds: number }>('SELECT * FROM sluice_outbox_backlog()');
      const [row] = rows;
      return { waiting: Number(row?.waiting ?? 0), dead: Number(row?.dead ?? 0), oldestSeconds: row?.oldest_seconds ?? 0 };
    },
    /** Keys of money and gates are not among them: the function knows which routes it may prune, and after how long. */
    pruneKeys: async (most: number) => {
      const { rows } = await pool.query<{ gone: string }>('SELECT sluice_prune_idempotency_keys($1) AS gone', [most]);
      return Number(rows[0]?.gone ?? 0);
    },
    addMonths: async () => {
      const { rows } = await pool.query<{ missing: number }>('SELECT sluice_add_months() AS missing');
      return rows[0]?.missing ?? 0;
    },
    /** How many months lie ready after this one, and the bytes of rows that came when theirs did not. */
    months: async () => {
      const { rows } = await pool.query<{ ahead: number; unsorted_bytes: string }>(
        `SELECT (count(*) FILTER (WHERE relname BETWEEN to_char(now() AT TIME ZONE 'UTC' + interval '1 month', '"payout_item_"YYYY_MM') AND 'payout_item_9'))::int AS ahead,
           coalesce(sum(pg_relation_size(oid)) FILTER (WHERE relname IN ('payout_item_default', 'item_transition_default')), 0) AS unsorted_bytes
         FROM pg_class WHERE relkind = 'r' AND relispartition AND relnamespace = 'sluice_parts'::regnamespace`,
      );
      return { ahead: rows[0]?.ahead ?? 0, unsortedBytes: Number(rows[0]?.unsorted_bytes ?? 0) };
    },
    close: () => pool.end(),
  };
};

/** Tenants that have deliveries to reduce, read in the worker's role. */
export const tenantsToDrain = async (database: Database): Promise<string[]> => {
  const rows = await database.sql.rows<{ tenant_id: string }>('set')`SELECT tenant_id FROM sluice_tenants_to_drain()`;
  return rows.map((row) => row.tenant_id);
};
