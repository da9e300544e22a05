import type { ItemRow, ItemStore } from '../operations/stores/items.js';
import { Prisma } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** Rows of one INSERT: past this, statements only grow in memory, not in speed. */
const INSERT_ROWS_MAX = 5_000;

export const ITEM_COLUMNS = Prisma.sql`i.ordinal, i.payee_id, i.destination_id, i.reference, i.remittance, i.amount, i.leaf, i.state, i.rank, i.version,
  i.attempt, i.provider_reference, i.reason`;

export interface ItemColumns {
  ordinal: number;
  payee_id: string;
  destination_id: string;
  reference: string;
  remittance: string;
  amount: bigint;
  leaf: Uint8Array;
  state: ItemRow['state'];
  rank: number;
  version: number;
  attempt: number;
  provider_reference: string | null;
  reason: string | null;
}

export const toItem = (row: ItemColumns): ItemRow => ({
  ordinal: row.ordinal,
  payeeId: row.payee_id,
  destinationId: row.destination_id,
  reference: row.reference,
  remittance: row.remittance,
  amount: row.amount,
  leaf: row.leaf,
  state: row.state,
  rank: row.rank,
  version: row.version,
  attempt: row.attempt,
  providerReference: row.provider_reference,
  reason: row.reason,
});

/** Adapter of payout_item as people and the API see it; what the worker does to chunks stands in chunks.ts. */
export const itemStore = (tx: Tx, { tenantId }: Scope): ItemStore => ({
  async insert(batchId, items) {
    for (let from = 0; from < items.length; from += INSERT_ROWS_MAX) {
      const part = items.slice(from, from + INSERT_ROWS_MAX);
      await tx.sql.run('set')`
        INSERT INTO payout_item (tenant_id, batch_id, ordinal, payee_id, destination_id, reference, remittance, amount, leaf)
        SELECT ${tenantId}::uuid, ${batchId}::uuid, n.* FROM unnest(
          ${part.map((item) => item.ordinal)}::int[], ${part.map((item) => item.payeeId)}::uuid[], ${part.map((item) => item.destinationId)}::uuid[],
          ${part.map((item) => item.reference)}::text[], ${part.map((item) => item.remittance)}::text[], ${part.map((item) => item.amount)}::bigint[],
          ${part.map((item) => item.leaf)}::bytea[]) AS n`;
    }
  },

  async list(batchId, { limit, afterOrdinal, state }) {
    const rows = await tx.sql.rows<ItemColumns>('set')`
      SELECT ${ITEM_COLUMNS} FROM payout_item i
      WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.ordinal > ${afterOrdinal ?? -1}
      ${state === undefined ? Prisma.empty : Prisma.sql`AND i.state = ${state}`}
      ORDER BY i.ordinal LIMIT ${limit + 1}`;
    return { rows: rows.slice(0, limit).map(toItem), hasMore: rows.length > limit };
  },

  async get(batchId, ordinal) {
    const [row] = await tx.sql.rows<ItemColumns>('set')`
      SELECT ${ITEM_COLUMNS} FROM payout_item i
      WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.ordinal = ${ordinal}`;
    return row ? toItem(row) : null;
  },

  async range(batchId, from, to) {
    const rows = await tx.sql.rows<ItemColumns>('set')`
      SELECT ${ITEM_COLUMNS} FROM payout_item i
      WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.ordinal >= ${from} AND i.ordinal < ${to}
      ORDER BY i.ordinal`;
    return rows.map(toItem);
  },

  async largest(batchId, count) {
    const rows = await tx.sql.rows<ItemColumns>('set')`
      SELECT ${ITEM_COLUMNS} FROM payout_item i
      WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.state = 'pending'
      ORDER BY i.amount DESC, i.ordinal LIMIT ${count}`;
    return rows.map(toItem);
  },

  async newPayees(batchId) {
    // One pass over the items with a hash aggregate: a plan that stays the same when statistics know nothing of the batch yet.
    const [row] = await tx.sql.rows<{ count: number }>('set')`
      SELECT count(*)::int AS count FROM (
        SELECT 1 FROM payout_item i WHERE i.tenant_id = ${tenantId}::uuid
        GROUP BY i.payee_id
        HAVING bool_or(i.batch_id = ${batchId}::uuid AND i.state <> 'excluded') AND NOT bool_or(i.batch_id <> ${batchId}::uuid AND i.state = 'paid')
      ) never_paid`;
    return row?.count ?? 0;
  },

  async exclude(batchId, tombstones, eventId) {
    return await tx.sql.rows<{ ordinal: number; amount: bigint }>('set')`
      WITH moved AS (
        UPDATE payout_item i SET state = 'excluded', version = i.version + 1, leaf = t.leaf
        FROM unnest(${tombstones.map((stone) => stone.ordinal)}::int[], ${tombstones.map((stone) => stone.leaf)}::bytea[]) AS t (ordinal, leaf)
        WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.ordinal = t.ordinal AND i.state = 'pending'
        RETURNING i.ordinal, i.version, i.rank, i.amount
      ), told AS (
        INSERT INTO item_transition (tenant_id, batch_id, ordinal, version, from_state, to_state, rank, source, event_id)
        SELECT ${tenantId}::uuid, ${batchId}::uuid, ordinal, version, 'pending', 'excluded', rank, 'person', ${eventId}::uuid FROM moved
      )
      SELECT ordinal, amount FROM moved ORDER BY ordinal`;
  },

  async cancelPending(batchId, eventId) {
    const [row] = await tx.sql.rows<{ ordinals: number[]; amount: bigint }>('set')`
      WITH moved AS (
        UPDATE payout_item i SET state = 'cancelled', version = i.version + 1
        WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.state = 'pending'
        RETURNING i.ordinal, i.version, i.rank, i.amount
      ), told AS (
        INSERT INTO item_transition (tenant_id, batch_id, ordinal, version, from_state, to_state, rank, source, event_id)
        SELECT ${tenantId}::uuid, ${batchId}::uuid, ordinal, version, 'pending', 'cancelled', rank, 'person', ${eventId}::uuid FROM moved
      )
      SELECT coalesce(array_agg(ordinal ORDER BY ordinal), '{}') AS ordinals, coalesce(sum(amount), 0)::bigint AS amount FROM moved`;
    return row ?? { ordinals: [], amount: 0n };
  },

  async countByState(batchId) {
    const rows = await tx.sql.rows<{ state: ItemRow['state']; count: number }>('set')`
      SELECT i.state, count(*)::int AS count FROM payout_item i
      WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid GROUP BY i.state`;
    return Object.fromEntries(rows.map((row) => [row.state, row.count]));
  },

  async totals(batchId) {
    const [row] = await tx.sql.rows<{ count: number; total: bigint; next_ordinal: number }>('set')`
      SELECT count(*)::int AS count, coalesce(sum(i.amount), 0)::bigint AS total, coalesce(max(i.ordinal) + 1, 0)::int AS next_ordinal
      FROM payout_item i WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid`;
    return { count: row?.count ?? 0, total: row?.total ?? 0n, nextOrdinal: row?.next_ordinal ?? 0 };
  },

  async duplicates(batchId, most) {
    const rows = await tx.sql.rows<{ ordinal: number }>('set')`
      SELECT r.ordinal FROM (
        SELECT i.ordinal, row_number() OVER (PARTITION BY i.payee_id, i.amount, i.reference ORDER BY i.ordinal) AS nth
        FROM payout_item i WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.state <> 'excluded'
      ) r WHERE r.nth > 1 ORDER BY r.ordinal LIMIT ${most}`;
    return rows.map((row) => row.ordinal);
  },
});
