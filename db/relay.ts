import pg from 'pg';
import { mailQueue } from './mail-queue.js';
import type { Database } from './transaction/open.js';
import { sqlOver } from './transaction/sql.js';

interface StoredMessage {
  tenant_id: string;
  id: string;
  batch_id: string;
  message: string;
  body: { gateId?: string; requestId?: string };
  attempts: number;
}

interface StoredPlace {
  tenant_id: string;
  batch_id: string;
}

interface Place {
  tenantId: string;
  batchId: string;
}

const toPlace = (row: StoredPlace): Place => ({ tenantId: row.tenant_id, batchId: row.batch_id });

/**
 * What the relay does in the database, in its own role and on its own two connections: functions that see outbox rows, letters that wait and
 * batches to drive in every tenant, and no table (R14, R18).
 */
export const openRelayStore = (url: string) => {
  const pool = new pg.Pool({ connectionString: url, max: 2, application_name: 'sluice relay' });
  // The pool replaces a connection that breaks while nobody uses it.
  pool.on('error', () => undefined);
  const sql = sqlOver((query) => pool.query(query));
  return {
    mail: mailQueue(sql),
    /** Claims up to `limit` due messages: they are due again after `leaseMs` unless they are delivered first. */
    claim: async (limit: number, leaseMs: number) => {
      const rows = await sql.rows<StoredMessage>('function')`SELECT * FROM sluice_claim_outbox(${limit}, ${leaseMs} * interval '1 millisecond')`;
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
      await sql.run('function')`SELECT sluice_delivered(${tenantId}, ${id})`;
    },
    undelivered: async (tenantId: string, id: string, problem: string, againMs: number, fate: 'again' | 'dead') => {
      await sql.run('function')`SELECT sluice_undelivered(${tenantId}, ${id}, ${problem}, ${againMs} * interval '1 millisecond', ${fate === 'dead'})`;
    },
    /** Batches of all tenants that have not ended. */
    toDrive: async () => (await sql.rows<StoredPlace>('function')`SELECT tenant_id, batch_id FROM sluice_batches_to_drive()`).map(toPlace),
    /** Notes that these are about to be woken, and answers those of them that have not ended. */
    waking: async (places: readonly Place[]) => {
      const [tenants, batches] = [places.map(({ tenantId }) => tenantId), places.map(({ batchId }) => batchId)];
      return (await sql.rows<StoredPlace>('function')`SELECT * FROM sluice_wake_batches(${tenants}::uuid[], ${batches}::uuid[])`).map(toPlace);
    },
    /** Batches of all tenants that were due or woken longer than `patienceMs` ago and that no run has driven since. */
    stalled: async (patienceMs: number) =>
      (await sql.rows<StoredPlace>('function')`SELECT * FROM sluice_stalled_batches(${patienceMs} * interval '1 millisecond')`).map(toPlace),
    backlog: async () => {
      const row = await sql.row<{ waiting: bigint; dead: bigint; oldest_seconds: number }>('function')`SELECT * FROM sluice_outbox_backlog()`;
      return { waiting: Number(row?.waiting ?? 0), dead: Number(row?.dead ?? 0), oldestSeconds: row?.oldest_seconds ?? 0 };
    },
    /** Deletes up to `limit` idempotency keys. The function knows which routes it may prune, and after how long: none of money or gates. */
    pruneKeys: async (limit: number) => {
      const row = await sql.row<{ gone: bigint }>('function')`SELECT sluice_prune_idempotency_keys(${limit}) AS gone`;
      return Number(row?.gone ?? 0);
    },
    /** Deletes up to `limit` payments of all workspaces that were seen too long ago to be repeated. The function knows how long that is. */
    forgetPayments: async (limit: number) => {
      const row = await sql.row<{ gone: bigint }>('function')`SELECT sluice_forget_payments(${limit}) AS gone`;
      return Number(row?.gone ?? 0);
    },
    /** Deletes up to `limit` counters of requests whose window ended an hour ago. */
    pruneCounters: async (limit: number) => {
      const row = await sql.row<{ gone: bigint }>('function')`SELECT sluice_prune_rate_counters(${limit}) AS gone`;
      return Number(row?.gone ?? 0);
    },
    /** Deletes up to `limit` nonces of signatures that no request can use any more. */
    pruneNonces: async (limit: number) => {
      const row = await sql.row<{ gone: bigint }>('function')`SELECT sluice_prune_signature_nonces(${limit}) AS gone`;
      return Number(row?.gone ?? 0);
    },
    /** Deletes up to `limit` links of letters and as many invitations that have ended. The function knows how long ago. */
    pruneLinks: async (limit: number) => {
      const row = await sql.row<{ gone: bigint }>('function')`SELECT sluice_prune_email_links(${limit}) AS gone`;
      return Number(row?.gone ?? 0);
    },
    /** Deletes up to `limit` requests to sign in with a passkey that nobody can answer any more. */
    prunePasskeyRequests: async (limit: number) => {
      const row = await sql.row<{ gone: bigint }>('function')`SELECT sluice_prune_passkey_requests(${limit}) AS gone`;
      return Number(row?.gone ?? 0);
    },
    addMonths: async () => {
      const row = await sql.row<{ missing: number }>('function')`SELECT sluice_add_months() AS missing`;
      return row?.missing ?? 0;
    },
    /** How many months after this one have partitions, and how many bytes of rows lie in the default partitions. */
    months: async () => {
      const row = await sql.row<{ ahead: number; unsorted_bytes: string }>('function')`
        SELECT (count(*) FILTER (WHERE relname BETWEEN to_char(now() AT TIME ZONE 'UTC' + interval '1 month', '"payout_item_"YYYY_MM') AND 'payout_item_9'))::int AS ahead,
          coalesce(sum(pg_relation_size(oid)) FILTER (WHERE relname IN ('payout_item_default', 'item_transition_default', 'transition_block_default')), 0) AS unsorted_bytes
        FROM pg_class WHERE relkind = 'r' AND relispartition AND relnamespace = 'sluice_parts'::regnamespace`;
      return { ahead: row?.ahead ?? 0, unsortedBytes: Number(row?.unsorted_bytes ?? 0) };
    },
    close: () => pool.end(),
  };
};

/** Tenants that have deliveries to reduce, of a database opened in the worker's role. */
export const tenantsToDrain = async (database: Database): Promise<string[]> => {
  const rows = await database.sql.rows<{ tenant_id: string }>('function')`SELECT tenant_id FROM sluice_tenants_to_drain()`;
  return rows.map((row) => row.tenant_id);
};
