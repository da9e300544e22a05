import { postingFor } from '../domain/item/postings.js';
import type { ItemState } from '../domain/item/states.js';
import type { AttemptRow, ChunkItem, ChunkStore, EvidenceItem } from '../operations/stores/chunks.js';
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
    const rows = await tx.$queryRaw<{ ordinal: number }[]>`
      WITH moved AS (
        UPDATE payout_item i SET state = m.to_state, rank = m.rank, version = i.version + 1, attempt = m.attempt,
          provider_reference = coalesce(m.provider_reference, i.provider_reference), reason = m.reason,
          look_up_at = now() + m.look_up_after * interval '1 millisecond'
        FROM unnest(${moves.map((m) => m.ordinal)}::int[], ${moves.map((m) => m.version)}::int[], ${moves.map((m) => m.from)}::text[],
          ${moves.map((m) => m.to)}::text[], ${moves.map((m) => m.rank)}::int[], ${moves.map((m) => m.attempt)}::int[],
          ${moves.map((m) => m.providerReference)}::text[], ${moves.map((m) => m.reason)}::text[], ${moves.map((m) => m.inboundId)}::uuid[],
          ${moves.map((m) => m.lookUpAfterMs)}::float8[])
          AS m(ordinal, version, from_state, to_state, rank, attempt, provider_reference, reason, inbound_id, look_up_after)
        WHERE i.tenant_id = ${scope.tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.ordinal = m.ordinal
          AND i.version = m.version AND i.state = m.from_state
        RETURNING i.ordinal, i.version, m.from_state, m.to_state, m.rank, m.inbound_id, m.provider_reference, m.reason
      ), noted AS (
        INSERT INTO item_transition (tenant_id, batch_id, ordinal, version, from_state, to_state, rank, source, inbound_id, provider_reference, reason, event_id)
        SELECT ${scope.tenantId}::uuid, ${batchId}::uuid, ordinal, version, from_state, to_state, rank, ${source}, inbound_id, provider_reference, reason, ${eventId}::uuid
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
