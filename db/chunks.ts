import { postingFor } from '../domain/ledger/postings.js';
import type { ChunkStore } from '../operations/stores/chunks.js';
import { lockGiven, lockRange } from './chunk-rows.js';
import { moveGiven } from './item-moves.js';
import { postItemTransfers } from './item-transfers.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** The worker's set-based statements. Tenancy is held by RLS; the tenant in each WHERE is for the index. */
export const chunkStore = (tx: Tx, scope: Scope): ChunkStore => ({
  lockItems: (batchId, from, to) => lockRange(tx, scope.tenantId, batchId, from, to),

  lockOrdinals: (batchId, ordinals) => lockGiven(tx, scope.tenantId, batchId, ordinals),

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
      await tx.sql.rows<{ ordinal: number }>('set')`
        SELECT ordinal FROM payout_item
        WHERE tenant_id = ${scope.tenantId}::uuid AND batch_id = ${batchId}::uuid AND look_up_at <= now() ORDER BY ordinal LIMIT ${limit}`
    ).map((row) => row.ordinal),

  nextLookupMs: async (batchId) => {
    const [row] = await tx.sql.rows<{ ms: number | null }>('set')`
      SELECT (extract(epoch FROM min(look_up_at) - now()) * 1000)::float8 AS ms FROM payout_item
      WHERE tenant_id = ${scope.tenantId}::uuid AND batch_id = ${batchId}::uuid AND look_up_at IS NOT NULL`;
    return row?.ms ?? null;
  },

  markAttempt: async (batchId, ordinals, attempt, lookUpAfterMs) => {
    await tx.sql.run('set')`
      UPDATE payout_item SET attempt = ${attempt}, look_up_at = now() + ${lookUpAfterMs} * interval '1 millisecond'
      WHERE tenant_id = ${scope.tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = ANY(${[...ordinals]}::int[])
        AND ordinal >= ${Math.min(...ordinals)} AND ordinal <= ${Math.max(...ordinals)}`;
  },

  setLookup: async (batchId, ordinals, afterMs) => {
    await tx.sql.run('set')`
      UPDATE payout_item SET look_up_at = now() + ${afterMs}::float8 * interval '1 millisecond'
      WHERE tenant_id = ${scope.tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = ANY(${[...ordinals]}::int[])
        AND ordinal >= ${Math.min(...ordinals)} AND ordinal <= ${Math.max(...ordinals)}`;
  },

  firstOf: async (batchId, state) => {
    const [row] = await tx.sql.rows<{ ordinal: number | null }>('set')`
      SELECT min(ordinal) AS ordinal FROM payout_item
      WHERE tenant_id = ${scope.tenantId}::uuid AND batch_id = ${batchId}::uuid AND state = ${state}`;
    return row?.ordinal ?? null;
  },
});
