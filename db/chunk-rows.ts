import type { ItemState } from '../domain/item/states.js';
import type { ChunkItem, EvidenceItem } from '../operations/stores/chunks.js';
import type { Tx } from './transaction/open.js';

/*
 * A chunk is read as one row: its texts and numbers as one JSON text, its bytes as one string of bytes that is cut up by
 * lengths. A thousand rows of seventeen columns cost the driver and the ORM five times as much. Amounts are safe integers
 * by a check of the table, so JSON carries them.
 */

/**
 * Items of [from, to) with what they pay. Locks the item rows alone: a payee row is shared by many batches. One look-up by key
 * an item: planned while the workspace is nearly empty, a join would read all its payees for each item for as long as the plan is kept.
 */
export const lockRange = async (tx: Tx, tenantId: string, batchId: string, from: number, to: number): Promise<ChunkItem[]> => {
  const [chunk] = await tx.sql.rows<{ head: string | null; bytes: Uint8Array | null }>('set')`
    WITH locked AS MATERIALIZED (
      SELECT i.ordinal, i.payee_id, i.destination_id, i.reference, i.remittance, i.amount, i.leaf, i.state, i.rank, i.version, i.attempt,
        i.provider_reference, i.reason, (p.held_at IS NOT NULL OR p.deleted_at IS NOT NULL) AS payee_held, d.sealed, k.wrapped
      FROM payout_item i
      CROSS JOIN LATERAL (SELECT held_at, deleted_at FROM payee WHERE tenant_id = i.tenant_id AND id = i.payee_id LIMIT 1) p
      CROSS JOIN LATERAL (SELECT sealed FROM payee_destination WHERE tenant_id = i.tenant_id AND id = i.destination_id LIMIT 1) d
      LEFT JOIN LATERAL (SELECT wrapped FROM subject_key WHERE tenant_id = i.tenant_id AND subject_id = i.payee_id LIMIT 1) k ON true
      WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.ordinal >= ${from} AND i.ordinal < ${to}
      ORDER BY i.ordinal FOR NO KEY UPDATE OF i
    )
    SELECT json_agg(json_build_array(ordinal, payee_id, destination_id, reference, remittance, amount, state, rank, version, attempt,
        provider_reference, reason, payee_held, length(sealed), length(wrapped)) ORDER BY ordinal)::text AS head,
      string_agg(leaf || sealed || coalesce(wrapped, ''), ''::bytea ORDER BY ordinal) AS bytes
    FROM locked`;
  if (!chunk?.head || !chunk.bytes) return [];
  const { bytes } = chunk;
  let at = 0;
  const cut = (length: number): Uint8Array => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  return (JSON.parse(chunk.head) as ChunkItemJson[]).map(
    ([
      ordinal,
      payeeId,
      destinationId,
      reference,
      remittance,
      amount,
      state,
      rank,
      version,
      attempt,
      providerReference,
      reason,
      payeeHeld,
      seal,
      wrap,
    ]) => ({
      ...{ ordinal, payeeId, destinationId, reference, remittance, amount: BigInt(amount), state, rank, version, attempt, providerReference, reason },
      payeeHeld,
      leaf: cut(HASH_BYTES),
      sealed: cut(seal),
      subjectKey: wrap === null ? null : cut(wrap),
    }),
  );
};

const HASH_BYTES = 32;

type ChunkItemJson = [
  ordinal: number,
  payeeId: string,
  destinationId: string,
  reference: string,
  remittance: string,
  amount: number,
  state: ItemState,
  rank: number,
  version: number,
  attempt: number,
  providerReference: string | null,
  reason: string | null,
  payeeHeld: boolean,
  sealedBytes: number,
  wrappedBytes: number | null,
];

/**
 * What evidence has to know of the given items, locked in their order (R8). Ordinals that do not exist are missing from the answer. One
 * look-up by key an item, for the reason above: a webhook's items lie anywhere in a batch.
 */
export const lockGiven = async (tx: Tx, tenantId: string, batchId: string, ordinals: readonly number[]): Promise<EvidenceItem[]> => {
  const inOrder = [...new Set(ordinals)].sort((a, b) => a - b);
  const [found] = await tx.sql.rows<{ items: string | null }>('set')`
    WITH locked AS MATERIALIZED (
      SELECT i.* FROM unnest(${arrayText(inOrder)}::int[]) AS w (ordinal)
      CROSS JOIN LATERAL (
        SELECT ordinal, amount, state, rank, version, attempt FROM payout_item
        WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = w.ordinal LIMIT 1 FOR NO KEY UPDATE) i
    )
    SELECT json_agg(json_build_array(ordinal, amount, state, rank, version, attempt) ORDER BY ordinal)::text AS items FROM locked`;
  const items = JSON.parse(found?.items ?? '[]') as [number, number, ItemState, number, number, number][];
  return items.map(([ordinal, amount, state, rank, version, attempt]) => ({ ordinal, amount: BigInt(amount), state, rank, version, attempt }));
};

/** Postgres' text of an array of integers; the driver would look at each of them for characters to escape. */
export const arrayText = (numbers: readonly (number | bigint | 'NULL')[]): string => `{${numbers.join(',')}}`;
