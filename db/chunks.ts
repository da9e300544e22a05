import { postingFor } from '../domain/item/postings.js';
import type { AttemptRow } from '../operations/stores/attempts.js';
import type { ChunkStore } from '../operations/stores/chunks.js';
import { lockGiven, lockRange } from './chunk-rows.js';
import type { Tx } from './transaction/open.js';
import { moveGiven } from './item-moves.js';
import { postItemTransfers } from './item-transfers.js';
import type { Scope } from './transaction/scope.js';

/** The worker's set-based statements. Tenancy is held by RLS; the tenant in each WHERE is for the index. */
export const chunkStore = (tx: Tx, scope: Scope): ChunkStore => ({
  lockItems: (batchId, from, to) => lockRange(tx, scope.tenantId, batchId, from, to),

  lockOrdinals: (batchId, ordinals) => lockGiven(tx, scope.tenantId, batchId, ordinals),

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

  moveItems: (batchId, eventId, source, moves) => moveGiven(tx, scope, { batchId, eventId, source }, moves),

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
      WHERE tenant_id = ${scope.tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = ANY(${[...ordinals]}::int[])
        AND ordinal >= ${Math.min(...ordinals)} AND ordinal <= ${Math.max(...ordinals)}`;
  },

  setLookup: async (batchId, ordinals, afterMs) => {
    await tx.$executeRaw`
      UPDATE payout_item SET look_up_at = now() + ${afterMs}::float8 * interval '1 millisecond'
      WHERE tenant_id = ${scope.tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = ANY(${[...ordinals]}::int[])
        AND ordinal >= ${Math.min(...ordinals)} AND ordinal <= ${Math.max(...ordinals)}`;
  },

  firstOf: async (batchId, state) => {
    const [row] = await tx.$queryRaw<{ ordinal: number | null }[]>`
      SELECT min(ordinal) AS ordinal FROM payout_item
      WHERE tenant_id = ${scope.tenantId}::uuid AND batch_id = ${batchId}::uuid AND state = ${state}`;
    return row?.ordinal ?? null;
  },
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
