import { commitmentTo, contentOf, itemLeaf, rangeOf } from '../../domain/batch/content.js';
import { canonicalSentTo } from '../../domain/destination.js';
import { sameBytes } from '../../domain/hashing.js';
import { toItemId } from '../../domain/ids.js';
import { merkleRoot } from '../../domain/merkle.js';
import type { Context } from '../context.js';
import type { Payment, Stores } from '../ports.js';
import type { ChunkItem } from '../stores/chunks.js';
import type { OpenedDestination } from './open-destinations.js';
import type { Permitted } from './permit.js';

/**
 * Is what would be sent what the execute gate signed (R3)? The leaves of the items to be sent are computed from the
 * values themselves, destination opened and its commitment recomputed; those of the rest of the chunk are as stored.
 * They lead to the chunk's root, the batch's root and, under the recomputed header, to the digest.
 */
export const contentMatches = async (
  ctx: Context,
  stores: Stores,
  { batch, content, executeGate, mode }: Permitted,
  chunk: { chunk: number; items: readonly ChunkItem[]; sending: ReadonlyMap<number, OpenedDestination | null> },
): Promise<boolean> => {
  const { from, to } = rangeOf(chunk.chunk, batch.chunkSize, content.size);
  if (chunk.items.length !== to - from || chunk.items.some((item, i) => item.ordinal !== from + i)) return false;
  const leaves: Uint8Array[] = [];
  for (const item of chunk.items) {
    const destination = chunk.sending.get(item.ordinal);
    if (destination === null) return false;
    leaves.push(destination ? leafOf(ctx, batch, item, destination) : item.leaf);
  }
  const roots = await stores.batches.chunkRoots(batch.id);
  roots[chunk.chunk] = merkleRoot(ctx.services.sha256, leaves);
  const recomputed = contentOf(ctx.services.sha256, { tenantId: ctx.tenantId, mode }, batch, content, roots);
  return sameBytes(recomputed.digest, executeGate.digest);
};

const leafOf = (ctx: Context, batch: Permitted['batch'], item: ChunkItem, { salt, sentTo }: OpenedDestination): Uint8Array => {
  const { sha256 } = ctx.services;
  return itemLeaf(sha256, {
    ordinal: item.ordinal,
    itemId: toItemId(batch.id, item.ordinal),
    reference: item.reference,
    amount: item.amount,
    currency: batch.currency,
    payeeId: item.payeeId,
    destinationId: item.destinationId,
    remittance: item.remittance,
    commitment: commitmentTo(sha256, salt, canonicalSentTo(sentTo)),
  });
};

/** A payment exactly as its leaf commits to it. */
export const paymentOf = (batch: Permitted['batch'], item: ChunkItem, { sentTo }: OpenedDestination): Payment => ({
  key: toItemId(batch.id, item.ordinal),
  amount: item.amount,
  currency: batch.currency,
  reference: item.reference,
  remittance: item.remittance,
  to: sentTo,
});
