import { ITEM, type ItemRow, type ItemStore, NEW_ITEM_MEMBERS } from '../operations/stores/items.js';
import { Prisma, type payout_item } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

export const items = tableOf<payout_item>()(ITEM);

/** Rows of one INSERT: more make statements larger, but not faster. */
const INSERT_ROWS_MAX = 5_000;

/** Items of one tenant's batches as people and the API see them; `chunks.ts` has what the worker does to a chunk of them. */
export const itemStore = ({ sql }: Tx, { tenantId }: Scope): ItemStore => ({
  async insert(batchId, rows) {
    for (let from = 0; from < rows.length; from += INSERT_ROWS_MAX)
      await sql.run('set')`
        INSERT INTO payout_item (tenant_id, batch_id, ${items.names(NEW_ITEM_MEMBERS)})
        SELECT ${tenantId}::uuid, ${batchId}::uuid, n.* FROM ${items.unnest(NEW_ITEM_MEMBERS, rows.slice(from, from + INSERT_ROWS_MAX))} AS n`;
  },

  async list(batchId, { limit, afterOrdinal, state }) {
    const rows = await sql.rows('set')`
      SELECT ${items.list()} FROM payout_item
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal > ${afterOrdinal ?? -1}
      ${state === undefined ? Prisma.empty : Prisma.sql`AND state = ${state}`}
      ORDER BY ordinal LIMIT ${limit + 1}`;
    return pageOf(rows, limit, items.row);
  },

  async range(batchId, from, to) {
    const rows = await sql.rows('set')`
      SELECT ${items.list()} FROM payout_item
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal >= ${from} AND ordinal < ${to}
      ORDER BY ordinal`;
    return rows.map(items.row);
  },

  async largest(batchId, count) {
    const rows = await sql.rows('set')`
      SELECT ${items.list()} FROM payout_item
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND state = 'pending'
      ORDER BY amount DESC, ordinal LIMIT ${count}`;
    return rows.map(items.row);
  },

  async newPayees(batchId) {
    // One pass over all items with a hash aggregate: this plan is good even while the statistics know nothing of the batch.
    const row = await sql.row<{ count: number }>('set')`
      SELECT count(*)::int AS count FROM (
        SELECT 1 FROM payout_item i WHERE i.tenant_id = ${tenantId}::uuid
        GROUP BY i.payee_id
        HAVING bool_or(i.batch_id = ${batchId}::uuid AND i.state <> 'excluded') AND NOT bool_or(i.batch_id <> ${batchId}::uuid AND i.state = 'paid')
      ) never_paid`;
    return row?.count ?? 0;
  },

  exclude(batchId, tombstones, eventId) {
    return sql.rows<{ ordinal: number; amount: bigint }>('set')`
      WITH moved AS (
        UPDATE payout_item i SET state = 'excluded', version = i.version + 1, leaf = t.leaf
        FROM ${items.unnest(['ordinal', 'leaf'], tombstones)} AS t (ordinal, leaf)
        WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.ordinal = t.ordinal AND i.state = 'pending'
        RETURNING i.ordinal, i.version, i.rank, i.amount
      ), noted AS (
        INSERT INTO item_transition (tenant_id, batch_id, ordinal, version, from_state, to_state, rank, source, event_id)
        SELECT ${tenantId}::uuid, ${batchId}::uuid, ordinal, version, 'pending', 'excluded', rank, 'person', ${eventId}::uuid FROM moved
      )
      SELECT ordinal, amount FROM moved ORDER BY ordinal`;
  },

  async cancelPending(batchId, eventId) {
    const row = await sql.row<{ ordinals: number[]; amount: bigint }>('set')`
      WITH moved AS (
        UPDATE payout_item i SET state = 'cancelled', version = i.version + 1
        WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.state = 'pending'
        RETURNING i.ordinal, i.version, i.rank, i.amount
      ), noted AS (
        INSERT INTO item_transition (tenant_id, batch_id, ordinal, version, from_state, to_state, rank, source, event_id)
        SELECT ${tenantId}::uuid, ${batchId}::uuid, ordinal, version, 'pending', 'cancelled', rank, 'person', ${eventId}::uuid FROM moved
      )
      SELECT coalesce(array_agg(ordinal ORDER BY ordinal), '{}') AS ordinals, coalesce(sum(amount), 0)::bigint AS amount FROM moved`;
    return row ?? { ordinals: [], amount: 0n };
  },

  async countByState(batchId) {
    const rows = await sql.rows<{ state: ItemRow['state']; count: number }>('set')`
      SELECT i.state, count(*)::int AS count FROM payout_item i
      WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid GROUP BY i.state`;
    return Object.fromEntries(rows.map((row) => [row.state, row.count]));
  },

  async totals(batchId) {
    const row = await sql.row<{ count: number; total: bigint; next_ordinal: number }>('set')`
      SELECT count(*)::int AS count, coalesce(sum(i.amount), 0)::bigint AS total, coalesce(max(i.ordinal) + 1, 0)::int AS next_ordinal
      FROM payout_item i WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid`;
    return { count: row?.count ?? 0, total: row?.total ?? 0n, nextOrdinal: row?.next_ordinal ?? 0 };
  },

  async duplicates(batchId, limit) {
    const rows = await sql.rows<{ ordinal: number }>('set')`
      SELECT r.ordinal FROM (
        SELECT i.ordinal, row_number() OVER (PARTITION BY i.payee_id, i.amount, i.reference ORDER BY i.ordinal) AS nth
        FROM payout_item i WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.state <> 'excluded'
      ) r WHERE r.nth > 1 ORDER BY r.ordinal LIMIT ${limit}`;
    return rows.map((row) => row.ordinal);
  },
});
