import { ITEM, type ItemStore, NEW_ITEM_MEMBERS } from '../operations/stores/items.js';
import { Prisma, type payout_item } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Scope } from './transaction/scope.js';
import { arrayText, tableOf } from './transaction/table.js';

/** The columns of `payout_item`, and of the view `item_now`, where a dispatch makes an item `submitting`. */
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
      SELECT ${items.list()} FROM item_now
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal > ${afterOrdinal ?? -1}
      ${state === undefined ? Prisma.empty : Prisma.sql`AND state = ${state}`}
      ORDER BY ordinal LIMIT ${limit + 1}`;
    return pageOf(rows, limit, items.row);
  },

  async range(batchId, from, to) {
    const rows = await sql.rows('set')`
      SELECT ${items.list()} FROM item_now
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal >= ${from} AND ordinal < ${to}
      ORDER BY ordinal`;
    return rows.map(items.row);
  },

  async at(batchId, ordinals) {
    const rows = await sql.rows('set')`
      SELECT i.* FROM unnest(${arrayText(ordinals)}::int[]) AS w (ordinal)
      CROSS JOIN LATERAL (
        SELECT ${items.list()} FROM payout_item
        WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = w.ordinal LIMIT 1) i`;
    return rows.map(items.row);
  },

  async largest(batchId, count) {
    const rows = await sql.rows('set')`
      SELECT ${items.list()} FROM payout_item
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND state = 'pending'
      ORDER BY amount DESC, ordinal LIMIT ${count}`;
    return rows.map(items.row);
  },

  async withdraw(batchId, eventId, which) {
    const [ordinals, leaves] = which === 'all' ? [null, null] : [which.map((one) => one.ordinal), which.map((one) => one.leaf)];
    const row = await sql.row<{ body: string | null; count: number; amount: bigint }>('function')`
      SELECT body, count, amount FROM sluice_withdraw_items(${batchId}::uuid, ${eventId}::uuid, ${ordinals}::int[], ${leaves}::bytea[])`;
    return row?.body ? { body: row.body, count: row.count, amount: row.amount } : null;
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

  async otherDestinations(batchId, limit) {
    // Two hashes over the items, and a sort of those few payees alone: mostly there are none.
    const rows = await sql.rows<{ ordinal: number }>('set')`
      WITH split AS MATERIALIZED (
        SELECT payee_id FROM (
          SELECT DISTINCT payee_id, destination_id FROM payout_item WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND state <> 'excluded'
        ) d GROUP BY payee_id HAVING count(*) > 1
      )
      SELECT ordinal FROM (
        SELECT min(i.ordinal) AS ordinal, row_number() OVER (PARTITION BY i.payee_id ORDER BY min(i.ordinal)) AS nth
        FROM payout_item i WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.state <> 'excluded'
          AND i.payee_id IN (SELECT payee_id FROM split)
        GROUP BY i.payee_id, i.destination_id
      ) v WHERE nth > 1 ORDER BY ordinal LIMIT ${limit}`;
    return rows.map((row) => row.ordinal);
  },
});
