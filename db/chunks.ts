import { type ChunkItem, type ChunkStore, EVIDENCE_ITEM } from '../operations/stores/chunks.js';
import { Prisma } from '../prisma/generated/client.js';
import { items } from './items.js';
import { batchKey, chunkKey, chunkLocks, exclusive, shared, workspaceKey } from './transaction/locks.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { arrayText } from './transaction/table.js';

/*
 * A chunk is read as one row: a JSON text of all that JSON carries, and one byte string that is cut up by lengths. A thousand
 * rows of seventeen columns cost the driver five times as much. A check of the table keeps amounts within safe integers.
 */
const whole = items.json('i');
const evidence = items.json('i', EVIDENCE_ITEM);
const HASH_BYTES = 32;

/** What the worker does to items of one tenant. RLS holds the tenancy; each WHERE names the tenant for the index. */
export const chunkStore = ({ sql }: Tx, { tenantId }: Scope): ChunkStore => ({
  lockToSend: async (batchId, chunk) => {
    const alone = chunkLocks([chunk]).map((lock) => exclusive(chunkKey(tenantId, batchId, lock)));
    await sql.run('lock')`SELECT ${shared(workspaceKey(tenantId))}, ${shared(batchKey(tenantId, batchId))}, ${Prisma.join(alone)}`;
  },

  lockToSettle: async (batchId, chunks) => {
    const inOrder = chunkLocks(chunks).map((lock) => exclusive(chunkKey(tenantId, batchId, lock)));
    if (inOrder.length > 0) await sql.run('lock')`SELECT ${Prisma.join(inOrder)}`;
  },

  // Looks up payee, destination and key by key for each item: planned while the workspace is nearly empty, a join would read all its
  // payees for each item for as long as the plan is kept.
  items: async (batchId, from, to) => {
    const chunk = await sql.row<{ head: string | null; bytes: Uint8Array | null }>('set')`
      WITH found AS MATERIALIZED (
        SELECT ${items.list('i')}, (p.held_at IS NOT NULL OR p.deleted_at IS NOT NULL) AS payee_held, d.sealed, k.wrapped
        FROM payout_item i
        CROSS JOIN LATERAL (SELECT held_at, deleted_at FROM payee WHERE tenant_id = i.tenant_id AND id = i.payee_id LIMIT 1) p
        CROSS JOIN LATERAL (SELECT sealed FROM payee_destination WHERE tenant_id = i.tenant_id AND id = i.destination_id LIMIT 1) d
        LEFT JOIN LATERAL (SELECT wrapped FROM subject_key WHERE tenant_id = i.tenant_id AND subject_id = i.payee_id LIMIT 1) k ON true
        WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.ordinal >= ${from} AND i.ordinal < ${to}
      )
      SELECT json_agg(json_build_array(${whole.list}, i.payee_held, length(i.sealed), length(i.wrapped)) ORDER BY i.ordinal)::text AS head,
        string_agg(i.leaf || i.sealed || coalesce(i.wrapped, ''), ''::bytea ORDER BY i.ordinal) AS bytes
      FROM found i`;
    return chunk?.head && chunk.bytes ? chunkItems(chunk.head, chunk.bytes) : [];
  },

  evidenceItems: async (batchId, ordinals) => {
    const inOrder = [...new Set(ordinals)].sort((a, b) => a - b);
    // Looks up each item by key, for the reason above: the items of a webhook lie anywhere in a batch.
    const found = await sql.row<{ items: string | null }>('set')`
      SELECT json_agg(json_build_array(${evidence.list}) ORDER BY i.ordinal)::text AS items
      FROM unnest(${arrayText(inOrder)}::int[]) AS w (ordinal)
      CROSS JOIN LATERAL (
        SELECT ${items.names(EVIDENCE_ITEM)} FROM payout_item
        WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = w.ordinal LIMIT 1) i`;
    return (JSON.parse(found?.items ?? '[]') as unknown[][]).map(evidence.row);
  },

  moveItems: async (batchId, blocks, { unknownMs, submittedMs }) => {
    const [moved, counter] = await Promise.all([
      sql.row<{ covered: bigint }>('function')`
        SELECT sluice_move_items(${batchId}::uuid, ${blocks.map((block) => block.eventId)}::uuid[], ${blocks.map((block) => block.body)}::text[],
          ${unknownMs}::float8, ${submittedMs}::float8) AS covered`,
      sql.row<{ open: number }>('hot')`SELECT open FROM batch_counter WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid`,
    ]);
    if (!moved || !counter) throw new Error(`items of batch ${batchId} moved, and it has no counter row`);
    return { covered: moved.covered, open: counter.open };
  },

  dueForLookup: async (batchId, limit) => {
    const rows = await sql.rows<{ ordinal: number }>('clock')`
      ${atRail(tenantId, batchId)} SELECT ordinal FROM at_rail WHERE due_at <= now() ORDER BY due_at, ordinal LIMIT ${limit}`;
    return rows.map(({ ordinal }) => ordinal);
  },

  nextLookupMs: async (batchId) => {
    const row = await sql.row<{ ms: number | null }>('clock')`
      ${atRail(tenantId, batchId)} SELECT (extract(epoch FROM min(due_at) - now()) * 1000)::float8 AS ms FROM at_rail`;
    return row?.ms ?? null;
  },

  setLookup: async (batchId, ordinals, afterMs) => {
    await sql.run('clock')`
      UPDATE payout_item SET look_up_at = now() + ${afterMs}::float8 * interval '1 millisecond'
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = ANY(${[...ordinals]}::int[])
        AND ordinal >= ${Math.min(...ordinals)} AND ordinal <= ${Math.max(...ordinals)}`;
  },

  // Chunks are dispatched nearly in order, so the search begins at the first one without a dispatch.
  firstToSend: async (batchId) => {
    const row = await sql.row<{ ordinal: number | null }>('join')`
      WITH batch AS (SELECT chunk_size FROM payout_batch WHERE tenant_id = ${tenantId}::uuid AND id = ${batchId}::uuid),
      sent AS MATERIALIZED (SELECT DISTINCT chunk FROM dispatch WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid),
      gap AS (
        SELECT coalesce(min(s.place) FILTER (WHERE s.chunk <> s.place), count(*)) AS chunk
        FROM (SELECT chunk, row_number() OVER (ORDER BY chunk) - 1 AS place FROM sent) s
      )
      SELECT min(i.ordinal) AS ordinal FROM payout_item i, batch b, gap
      WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.state = 'pending'
        AND i.ordinal >= gap.chunk * b.chunk_size AND NOT EXISTS (SELECT FROM sent WHERE sent.chunk = i.ordinal / b.chunk_size)`;
    return row?.ordinal ?? null;
  },
});

/**
 * Items that may be at the rail and are not final, with the time of their next look-up: their own, or else the end of their dispatch's
 * lease, because nobody has answered for them. Read chunk by chunk of those that a dispatch covers: a join planned while the tables are
 * nearly empty compares each item with each dispatch.
 */
const atRail = (tenantId: string, batchId: string): Prisma.Sql => Prisma.sql`WITH batch AS (
    SELECT chunk_size FROM payout_batch WHERE tenant_id = ${tenantId}::uuid AND id = ${batchId}::uuid
  ), leases AS MATERIALIZED (
    SELECT d.chunk, max(d.lease_until) AS lease_until, d.chunk * b.chunk_size AS first, (d.chunk + 1) * b.chunk_size AS after
    FROM dispatch d CROSS JOIN batch b WHERE d.tenant_id = ${tenantId}::uuid AND d.batch_id = ${batchId}::uuid GROUP BY d.chunk, b.chunk_size
  ), at_rail AS (
    SELECT i.ordinal, coalesce(i.look_up_at, l.lease_until) AS due_at
    FROM leases l CROSS JOIN LATERAL (
      SELECT ordinal, look_up_at FROM payout_item
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal >= l.first AND ordinal < l.after
        AND (look_up_at IS NOT NULL OR state = 'pending')
      OFFSET 0) i
  )`;

const chunkItems = (head: string, bytes: Uint8Array): ChunkItem[] => {
  let at = 0;
  const cut = (length: number): Uint8Array => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  return (JSON.parse(head) as unknown[][]).map((places) => {
    const [payeeHeld, sealedBytes, wrappedBytes] = places.slice(whole.count) as [boolean, number, number | null];
    const item = whole.row(places) as ChunkItem;
    // Assigned one by one: a copy of the row for each item costs more than all the rest.
    item.leaf = cut(HASH_BYTES);
    item.payeeHeld = payeeHeld;
    item.sealed = cut(sealedBytes);
    item.subjectKey = wrappedBytes === null ? null : cut(wrappedBytes);
    return item;
  });
};
