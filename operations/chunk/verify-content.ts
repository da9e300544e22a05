import { chunkCount, commitmentTo, contentUnder, itemLeaf, rangeOf } from '../../domain/batch/content.js';
import { canonicalSentTo } from '../../domain/destination.js';
import { sameBytes, toHex } from '../../domain/hashing.js';
import { toItemId } from '../../domain/ids.js';
import { merkleRoot, rootFromInclusion } from '../../domain/merkle.js';
import type { Context } from '../context.js';
import { raiseException } from '../exception/raise.js';
import type { OpenedDestination } from '../payee/sealing.js';
import type { Stores } from '../ports.js';
import type { Payment } from '../rail.js';
import type { BatchRow, ContentRow } from '../stores/batches.js';
import type { ChunkItem } from '../stores/chunks.js';
import type { GateRow } from '../stores/gates.js';
import type { WorkspaceRow } from '../stores/workspaces.js';

/** A batch with its current content, and the gate whose digest is what may be spent (R3). */
export interface SignedBatch {
  batch: BatchRow;
  content: ContentRow;
  mode: WorkspaceRow['mode'];
  executeGate: GateRow;
}

/**
 * Whether what would be sent is what the execute gate signed (R3). The leaves of the items to be sent are computed from the
 * values themselves, with the destination opened and its commitment computed again; the other leaves of the chunk are as stored.
 * They lead to the chunk's root, the batch's root and, under a header computed again, to the digest.
 */
export const contentMatches = async (
  ctx: Context,
  stores: Stores,
  { batch, content, executeGate, mode }: SignedBatch,
  chunk: { chunk: number; path: Uint8Array | null; items: readonly ChunkItem[]; sending: ReadonlyMap<number, OpenedDestination | null> },
): Promise<boolean> => {
  const { from, to } = rangeOf(chunk.chunk, batch.chunkSize, content.size);
  if (chunk.items.length !== to - from || chunk.items.some((item, i) => item.ordinal !== from + i)) return false;
  const leaves: Uint8Array[] = [];
  for (const item of chunk.items) {
    const destination = chunk.sending.get(item.ordinal);
    if (destination === null) return false;
    leaves.push(destination ? leafOf(ctx, batch, item, destination) : item.leaf);
  }
  const root = await rootOver(ctx, stores, { batch, content }, chunk, merkleRoot(ctx.services.sha256, leaves));
  if (!root) return false;
  const recomputed = contentUnder(ctx.services.sha256, { tenantId: ctx.tenantId, mode }, batch, content, root);
  return sameBytes(recomputed.digest, executeGate.digest);
};

/** The batch's root that a chunk's root leads to, by the chunk's stored audit path. A batch of a released version has none: then by all roots. */
const rootOver = async (
  { services: { sha256 } }: Context,
  stores: Stores,
  { batch, content }: Pick<SignedBatch, 'batch' | 'content'>,
  { chunk, path }: { chunk: number; path: Uint8Array | null },
  chunkRoot: Uint8Array,
): Promise<Uint8Array | null> => {
  if (path) return rootFromInclusion(sha256, chunkRoot, chunk, chunkCount(content.size, batch.chunkSize), hashesOf(path));
  const roots = await stores.batches.chunkRoots(batch.id);
  roots[chunk] = chunkRoot;
  return merkleRoot(sha256, roots);
};

const hashesOf = (path: Uint8Array): Uint8Array[] =>
  Array.from({ length: path.length / HASH_BYTES }, (_, at) => path.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
const HASH_BYTES = 32;

const leafOf = (ctx: Context, batch: BatchRow, item: ChunkItem, { salt, sentTo }: OpenedDestination): Uint8Array => {
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
export const paymentOf = (batch: BatchRow, item: ChunkItem, { sentTo }: OpenedDestination): Payment => ({
  key: toItemId(batch.id, item.ordinal),
  amount: item.amount,
  currency: batch.currency,
  reference: item.reference,
  remittance: item.remittance,
  to: sentTo,
});

/**
 * Stops a batch whose content is not what the gates signed (R3): nothing more is sent until people have looked. Runs in a
 * transaction of its own, after the one that found the difference: that one holds the control row FOR SHARE, and raising a
 * lock can deadlock.
 */
export const stopForIntegrity = (ctx: Context, { batchId, chunk }: { batchId: string; chunk: number }): Promise<void> =>
  ctx.inTenant(async (stores) => {
    const control = await stores.batches.lock(batchId);
    if (!control || control.integrityFailedAt) return;
    await stores.batches.move(batchId, control.rowVersion, { integrityFailedAt: stores.now });
    await stores.outbox.add({ batchId, message: 'batch_changed' });
    const content = await stores.batches.content(batchId, control.contentVersion);
    await raiseException(ctx, stores, { kind: 'integrity_failed', batchId, detail: { chunk } });
    await stores.audit.append({
      subject: { type: 'batch', id: batchId },
      action: 'batch.stop',
      result: 'integrity_failed',
      detail: { chunk, signed_digest: content ? toHex(content.digest) : null },
    });
  });
