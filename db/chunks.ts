import { type ChunkItem, type ChunkStore, EVIDENCE_ITEM, type ItemMove } from '../operations/stores/chunks.js';
import { items } from './items.js';
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
  // Locks the items alone: many batches share a payee row. Looks up payee, destination and key by key for each item: planned while
  // the workspace is nearly empty, a join would read all its payees for each item for as long as the plan is kept.
  lockItems: async (batchId, from, to) => {
    const chunk = await sql.row<{ head: string | null; bytes: Uint8Array | null }>('lock')`
      WITH locked AS MATERIALIZED (
        SELECT ${items.list('i')}, (p.held_at IS NOT NULL OR p.deleted_at IS NOT NULL) AS payee_held, d.sealed, k.wrapped
        FROM payout_item i
        CROSS JOIN LATERAL (SELECT held_at, deleted_at FROM payee WHERE tenant_id = i.tenant_id AND id = i.payee_id LIMIT 1) p
        CROSS JOIN LATERAL (SELECT sealed FROM payee_destination WHERE tenant_id = i.tenant_id AND id = i.destination_id LIMIT 1) d
        LEFT JOIN LATERAL (SELECT wrapped FROM subject_key WHERE tenant_id = i.tenant_id AND subject_id = i.payee_id LIMIT 1) k ON true
        WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.ordinal >= ${from} AND i.ordinal < ${to}
        ORDER BY i.ordinal FOR NO KEY UPDATE OF i
      )
      SELECT json_agg(json_build_array(${whole.list}, i.payee_held, length(i.sealed), length(i.wrapped)) ORDER BY i.ordinal)::text AS head,
        string_agg(i.leaf || i.sealed || coalesce(i.wrapped, ''), ''::bytea ORDER BY i.ordinal) AS bytes
      FROM locked i`;
    return chunk?.head && chunk.bytes ? chunkItems(chunk.head, chunk.bytes) : [];
  },

  lockOrdinals: async (batchId, ordinals) => {
    const inOrder = [...new Set(ordinals)].sort((a, b) => a - b);
    // Looks up each item by key, for the reason above: the items of a webhook lie anywhere in a batch.
    const found = await sql.row<{ items: string | null }>('lock')`
      WITH locked AS MATERIALIZED (
        SELECT i.* FROM unnest(${arrayText(inOrder)}::int[]) AS w (ordinal)
        CROSS JOIN LATERAL (
          SELECT ${items.names(EVIDENCE_ITEM)} FROM payout_item
          WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = w.ordinal LIMIT 1 FOR NO KEY UPDATE) i
      )
      SELECT json_agg(json_build_array(${evidence.list}) ORDER BY i.ordinal)::text AS items FROM locked i`;
    return (JSON.parse(found?.items ?? '[]') as unknown[][]).map(evidence.row);
  },

  // No join: right after an ingest the planner takes a batch for one row, and would run a join with a thousand values as a nested
  // loop over both. Postgres finds integers at their place in an array at once; texts and bytes it does not.
  moveItems: async (batchId, eventId, source, moves) => {
    const [first, last] = [moves.at(0), moves.at(-1)];
    if (!first || !last) return 0;
    const { shapes, shapeOf, references, endOf } = laidOut(moves, first.ordinal);
    const row = await sql.row<{ moved: number }>('set')`
      WITH moved AS (
        UPDATE payout_item i SET state = v.to_states[v.shape_of[i.ordinal - v.base]], rank = v.ranks[v.shape_of[i.ordinal - v.base]],
          version = i.version + 1, attempt = v.attempts[v.shape_of[i.ordinal - v.base]],
          provider_reference = coalesce(nullif(convert_from(substring(v.refs FROM v.end_of[i.ordinal - v.base] + 1
            FOR v.end_of[i.ordinal - v.base + 1] - v.end_of[i.ordinal - v.base]), 'UTF8'), ''), i.provider_reference),
          reason = v.reasons[v.shape_of[i.ordinal - v.base]],
          look_up_at = now() + v.look_up_after[v.shape_of[i.ordinal - v.base]] * interval '1 millisecond'
        FROM (SELECT ${first.ordinal - 1}::int AS base, ${arrayText(shapeOf)}::int[] AS shape_of, ${arrayText(endOf)}::int[] AS end_of, ${references}::bytea AS refs,
          ${shapes.map((s) => s.version)}::int[] AS versions, ${shapes.map((s) => s.from)}::text[] AS from_states, ${shapes.map((s) => s.to)}::text[] AS to_states,
          ${shapes.map((s) => s.rank)}::int[] AS ranks, ${shapes.map((s) => s.attempt)}::int[] AS attempts, ${shapes.map((s) => s.reason)}::text[] AS reasons,
          ${shapes.map((s) => s.inboundId)}::uuid[] AS inbound_ids, ${shapes.map((s) => s.lookUpAfterMs)}::float8[] AS look_up_after) v
        WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.ordinal >= ${first.ordinal} AND i.ordinal <= ${last.ordinal}
          AND i.version = v.versions[v.shape_of[i.ordinal - v.base]] AND i.state = v.from_states[v.shape_of[i.ordinal - v.base]]
        RETURNING i.ordinal, i.version, v.from_states[v.shape_of[i.ordinal - v.base]] AS from_state, i.state, i.rank,
          v.inbound_ids[v.shape_of[i.ordinal - v.base]] AS inbound_id, i.reason,
          nullif(convert_from(substring(v.refs FROM v.end_of[i.ordinal - v.base] + 1
            FOR v.end_of[i.ordinal - v.base + 1] - v.end_of[i.ordinal - v.base]), 'UTF8'), '') AS provider_reference
      ), noted AS (
        INSERT INTO item_transition (tenant_id, batch_id, ordinal, version, from_state, to_state, rank, source, inbound_id, provider_reference, reason, event_id)
        SELECT ${tenantId}::uuid, ${batchId}::uuid, ordinal, version, from_state, state, rank, ${source}, inbound_id, provider_reference, reason, ${eventId}::uuid
        FROM moved
      )
      SELECT count(*)::int AS moved FROM moved`;
    return row?.moved ?? 0;
  },

  dueForLookup: async (batchId, limit) => {
    const rows = await sql.rows<{ ordinal: number }>('clock')`
      SELECT ordinal FROM payout_item
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND look_up_at <= now() ORDER BY ordinal LIMIT ${limit}`;
    return rows.map(({ ordinal }) => ordinal);
  },

  nextLookupMs: async (batchId) => {
    const row = await sql.row<{ ms: number | null }>('clock')`
      SELECT (extract(epoch FROM min(look_up_at) - now()) * 1000)::float8 AS ms FROM payout_item
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND look_up_at IS NOT NULL`;
    return row?.ms ?? null;
  },

  markAttempt: async (batchId, ordinals, attempt, lookUpAfterMs) => {
    await sql.run('clock')`
      UPDATE payout_item SET attempt = ${attempt}, look_up_at = now() + ${lookUpAfterMs} * interval '1 millisecond'
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = ANY(${[...ordinals]}::int[])
        AND ordinal >= ${Math.min(...ordinals)} AND ordinal <= ${Math.max(...ordinals)}`;
  },

  setLookup: async (batchId, ordinals, afterMs) => {
    await sql.run('clock')`
      UPDATE payout_item SET look_up_at = now() + ${afterMs}::float8 * interval '1 millisecond'
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = ANY(${[...ordinals]}::int[])
        AND ordinal >= ${Math.min(...ordinals)} AND ordinal <= ${Math.max(...ordinals)}`;
  },

  firstOf: async (batchId, state) => {
    const row = await sql.row<{ ordinal: number | null }>('set')`
      SELECT min(ordinal) AS ordinal FROM payout_item
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND state = ${state}`;
    return row?.ordinal ?? null;
  },
});

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

/**
 * Moves of a chunk differ in little but their ordinal, so the statement gets the few shapes that occur, and for each ordinal
 * from the first to the last the number of its shape (from 1; 0 for none) and where its provider reference ends in a string of
 * bytes. `endOf` begins with 0, so it has one place more. Moves are ordered by ordinal.
 */
const laidOut = (moves: readonly ItemMove[], first: number) => {
  const shapes: ItemMove[] = [];
  const places = new Map<string, number>();
  const shapeOf: number[] = [];
  const endOf = [0];
  const references: string[] = [];
  let end = 0;
  let before: { move: ItemMove; place: number } | null = null;
  for (const move of moves) {
    if (!before || !alike(before.move, move)) {
      const name = JSON.stringify([move.version, move.from, move.to, move.rank, move.attempt, move.reason, move.inboundId, move.lookUpAfterMs]);
      const place = places.get(name) ?? shapes.push(move);
      places.set(name, place);
      before = { move, place };
    }
    for (; shapeOf.length < move.ordinal - first; endOf.push(end)) shapeOf.push(0);
    shapeOf.push(before.place);
    if (move.providerReference) {
      references.push(move.providerReference);
      end += Buffer.byteLength(move.providerReference);
    }
    endOf.push(end);
  }
  return { shapes, shapeOf, references: Buffer.from(references.join('')), endOf };
};

const alike = (a: ItemMove, b: ItemMove): boolean =>
  a.version === b.version &&
  a.from === b.from &&
  a.to === b.to &&
  a.rank === b.rank &&
  a.attempt === b.attempt &&
  a.reason === b.reason &&
  a.inboundId === b.inboundId &&
  a.lookUpAfterMs === b.lookUpAfterMs;
