import { postingFor } from '../domain/item/postings.js';
import type { ItemState } from '../domain/item/states.js';
import type { AttemptRow, ChunkItem, ChunkStore, EvidenceItem, ItemMove } from '../operations/stores/chunks.js';
import type { Tx } from './client.js';
import { postItemTransfers } from './item-transfers.js';
import type { Scope } from './tenant.js';

/** The worker's set-based statements. Tenancy is held by RLS; the tenant in each WHERE is for the index. */
export const chunkStore = (tx: Tx, scope: Scope): ChunkStore => ({
  lockItems: async (batchId, from, to) => (await lockRange(tx, scope.tenantId, batchId, from, to)).map(toChunkItem),

  lockOrdinals: async (batchId, ordinals) =>
    tx.$queryRaw<EvidenceItem[]>`
      SELECT ordinal, amount, state, rank, version, attempt FROM payout_item
      WHERE tenant_id = ${scope.tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = ANY(${[...ordinals]}::int[])
      ORDER BY ordinal FOR NO KEY UPDATE`,

  attempts: async (batchId, chunk) =>
    (
      await tx.$queryRaw<AttemptSql[]>`
        SELECT *, (extract(epoch FROM lease_until - clock_timestamp()) * 1000)::float8 AS lease_left_ms,
          (extract(epoch FROM clock_timestamp() - created_at) * 1000)::float8 AS age_ms
        FROM payment_attempt
        WHERE tenant_id = ${scope.tenantId}::uuid AND batch_id = ${batchId}::uuid AND chunk = ${chunk} ORDER BY attempt`
    ).map(toAttempt),

  insertAttempt: async (row) => {
    await tx.$executeRaw`
      INSERT INTO payment_attempt (tenant_id, batch_id, chunk, attempt, connection_id, renderer_version, request_hash, lease_until, item_count)
      VALUES (${scope.tenantId}::uuid, ${row.batchId}::uuid, ${row.chunk}, ${row.attempt}, ${row.connectionId}::uuid, ${row.rendererVersion},
        ${Buffer.from(row.requestHash)}, clock_timestamp() + ${row.leaseMs} * interval '1 millisecond', ${row.itemCount})`;
  },

  moveItems: async (batchId, eventId, source, moves) => {
    if (moves.length === 0) return [];
    const sorted = [...moves].sort((a, b) => a.ordinal - b.ordinal);
    const of = <T>(read: (move: ItemMove) => T): T[] => sorted.map(read);
    // No join: right after an ingest the planner takes a batch for one row, and a join with 1,024 values for a nested
    // loop over both. A value is found by its ordinal's place among the sorted ordinals instead.
    const rows = await tx.$queryRaw<{ ordinal: number }[]>`
      WITH moved AS (
        UPDATE payout_item i SET state = v.to_states[width_bucket(i.ordinal, v.ordinals)], rank = v.ranks[width_bucket(i.ordinal, v.ordinals)],
          version = i.version + 1, attempt = v.attempts[width_bucket(i.ordinal, v.ordinals)],
          provider_reference = coalesce(v.provider_references[width_bucket(i.ordinal, v.ordinals)], i.provider_reference),
          reason = v.reasons[width_bucket(i.ordinal, v.ordinals)],
          look_up_at = now() + v.look_up_after[width_bucket(i.ordinal, v.ordinals)] * interval '1 millisecond'
        FROM (SELECT ${of((m) => m.ordinal)}::int[] AS ordinals, ${of((m) => m.version)}::int[] AS versions, ${of((m) => m.from)}::text[] AS from_states,
          ${of((m) => m.to)}::text[] AS to_states, ${of((m) => m.rank)}::int[] AS ranks, ${of((m) => m.attempt)}::int[] AS attempts,
          ${of((m) => m.providerReference)}::text[] AS provider_references, ${of((m) => m.reason)}::text[] AS reasons,
          ${of((m) => m.inboundId)}::uuid[] AS inbound_ids, ${of((m) => m.lookUpAfterMs)}::float8[] AS look_up_after) v
        WHERE i.tenant_id = ${scope.tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.ordinal = ANY(v.ordinals)
          AND i.version = v.versions[width_bucket(i.ordinal, v.ordinals)] AND i.state = v.from_states[width_bucket(i.ordinal, v.ordinals)]
        RETURNING i.ordinal, i.version, v.from_states[width_bucket(i.ordinal, v.ordinals)] AS from_state, i.state, i.rank,
          v.inbound_ids[width_bucket(i.ordinal, v.ordinals)] AS inbound_id,
          v.provider_references[width_bucket(i.ordinal, v.ordinals)] AS provider_reference, i.reason
      ), noted AS (
        INSERT INTO item_transition (tenant_id, batch_id, ordinal, version, from_state, to_state, rank, source, inbound_id, provider_reference, reason, event_id)
        SELECT ${scope.tenantId}::uuid, ${batchId}::uuid, ordinal, version, from_state, state, rank, ${source}, inbound_id, provider_reference, reason, ${eventId}::uuid
        FROM moved
      )
      SELECT ordinal FROM moved`;
    return rows.map((row) => row.ordinal);
  },

  postMoves: async (batchId, eventId, currency, fundingAccountId, postings) => {
    const owed = postings.flatMap((posting) => {
      const found = postingFor(posting.from, posting.to);
      return found ? [{ ...found, ordinal: posting.ordinal, itemVersion: posting.itemVersion, amount: posting.amount }] : [];
    });
    return owed.length === 0 ? { covered: 0n } : postItemTransfers(tx, scope, { batchId, eventId, currency, fundingAccountId }, owed);
  },

  dueForLookup: async (batchId, limit) =>
    (
      await tx.$queryRaw<{ ordinal: number }[]>`
        SELECT ordinal FROM payout_item
        WHERE tenant_id = ${scope.tenantId}::uuid AND batch_id = ${batchId}::uuid AND look_up_at <= now() ORDER BY ordinal LIMIT ${limit}`
    ).map((row) => row.ordinal),

  nextLookupMs: async (batchId) => {
    const [row] = await tx.$queryRaw<{ ms: number | null }[]>`
      SELECT (extract(epoch FROM min(look_up_at) - now()) * 1000)::float8 AS ms FROM payout_item
      WHERE tenant_id = ${scope.tenantId}::uuid AND batch_id = ${batchId}::uuid AND look_up_at IS NOT NULL`;
    return row?.ms ?? null;
  },

  markAttempt: async (batchId, ordinals, attempt, lookUpAfterMs) => {
    await tx.$executeRaw`
      UPDATE payout_item SET attempt = ${attempt}, look_up_at = now() + ${lookUpAfterMs} * interval '1 millisecond'
      WHERE tenant_id = ${scope.tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = ANY(${[...ordinals]}::int[])`;
  },

  setLookup: async (batchId, ordinals, afterMs) => {
    await tx.$executeRaw`
      UPDATE payout_item SET look_up_at = now() + ${afterMs}::float8 * interval '1 millisecond'
      WHERE tenant_id = ${scope.tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = ANY(${[...ordinals]}::int[])`;
  },

  firstOf: async (batchId, state) => {
    const [row] = await tx.$queryRaw<{ ordinal: number | null }[]>`
      SELECT min(ordinal) AS ordinal FROM payout_item
      WHERE tenant_id = ${scope.tenantId}::uuid AND batch_id = ${batchId}::uuid AND state = ${state}`;
    return row?.ordinal ?? null;
  },
});

interface ChunkItemSql {
  ordinal: number;
  payee_id: string;
  destination_id: string;
  reference: string;
  remittance: string;
  amount: bigint;
  leaf: Uint8Array;
  state: ItemState;
  rank: number;
  version: number;
  attempt: number;
  provider_reference: string | null;
  reason: string | null;
  payee_held: boolean;
  sealed: Uint8Array;
  subject_key: Uint8Array | null;
  commitment: Uint8Array;
}

/** Locks the item rows alone: a payee row is shared by many batches. */
const lockRange = (tx: Tx, tenantId: string, batchId: string, from: number, to: number): Promise<ChunkItemSql[]> => tx.$queryRaw<ChunkItemSql[]>`
  SELECT i.ordinal, i.payee_id, i.destination_id, i.reference, i.remittance, i.amount, i.leaf, i.state, i.rank, i.version, i.attempt,
    i.provider_reference, i.reason, (p.held_at IS NOT NULL OR p.deleted_at IS NOT NULL) AS payee_held, d.sealed, k.wrapped AS subject_key, d.commitment
  FROM payout_item i
  JOIN payee p ON p.tenant_id = i.tenant_id AND p.id = i.payee_id
  JOIN payee_destination d ON d.tenant_id = i.tenant_id AND d.id = i.destination_id
  LEFT JOIN subject_key k ON k.tenant_id = i.tenant_id AND k.subject_id = i.payee_id
  WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.ordinal >= ${from} AND i.ordinal < ${to}
  ORDER BY i.ordinal FOR NO KEY UPDATE OF i`;

const toChunkItem = (row: ChunkItemSql): ChunkItem => ({
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
  payeeHeld: row.payee_held,
  sealed: row.sealed,
  subjectKey: row.subject_key,
  commitment: row.commitment,
});

interface AttemptSql {
  batch_id: string;
  chunk: number;
  attempt: number;
  connection_id: string;
  renderer_version: number;
  request_hash: Uint8Array;
  item_count: number;
  created_at: Date;
  lease_left_ms: number;
  age_ms: number;
}

const toAttempt = (row: AttemptSql): AttemptRow => ({
  batchId: row.batch_id,
  chunk: row.chunk,
  attempt: row.attempt,
  connectionId: row.connection_id,
  rendererVersion: row.renderer_version,
  requestHash: row.request_hash,
  itemCount: row.item_count,
  createdAt: row.created_at,
  leaseLeftMs: row.lease_left_ms,
  ageMs: row.age_ms,
});
