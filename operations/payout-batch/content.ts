import { chunkOf } from '../../domain/batch/chunks.js';
import { batchDigest, itemLeaf } from '../../domain/batch/digest.js';
import { toItemId } from '../../domain/ids.js';
import { merkleRoot } from '../../domain/merkle.js';
import type { Context } from '../context.js';
import type { BatchRow, ContentRow } from '../stores/batches.js';
import type { NewItem } from '../stores/items.js';

/** A batch before the database has given it a time. */
export type NewBatch = Omit<BatchRow, 'createdAt'>;

type Hashing = Pick<Context, 'tenantId' | 'mode'> & { services: Pick<Context['services'], 'sha256'> };

/** An item with its leaf: what the gates will sign of it (R10). */
export const withLeaf = (
  { services: { sha256 } }: Hashing,
  batch: Pick<BatchRow, 'id' | 'currency'>,
  item: Omit<NewItem, 'leaf'>,
  commitment: Uint8Array,
): NewItem => ({
  ...item,
  leaf: itemLeaf(sha256, { ...item, itemId: toItemId(batch.id, item.ordinal), currency: batch.currency, commitment }),
});

/** Roots of the chunks that these leaves fill. The first leaf must be the first of its chunk. */
export const chunkRootsOf = (
  { services: { sha256 } }: Hashing,
  leaves: readonly Uint8Array[],
  firstOrdinal: number,
  chunkSize: number,
): { chunk: number; root: Uint8Array }[] => {
  if (firstOrdinal % chunkSize !== 0) throw new RangeError(`ordinal ${firstOrdinal} does not begin a chunk of ${chunkSize}`);
  const roots: { chunk: number; root: Uint8Array }[] = [];
  for (let from = 0; from < leaves.length; from += chunkSize)
    roots.push({ chunk: chunkOf(firstOrdinal + from, chunkSize), root: merkleRoot(sha256, leaves.slice(from, from + chunkSize)) });
  return roots;
};

/**
 * Root and digest of one content version. Chunks are aligned subtrees, so the root over their roots is the root over
 * all leaves (R3).
 */
export const contentOf = (
  { services: { sha256 }, tenantId, mode }: Hashing,
  batch: NewBatch,
  counted: Pick<ContentRow, 'contentVersion' | 'size' | 'count' | 'total'>,
  chunkRoots: readonly Uint8Array[],
): ContentRow => {
  const root = merkleRoot(sha256, chunkRoots);
  const header = {
    tenantId,
    mode,
    batchId: batch.id,
    contentVersion: counted.contentVersion,
    rail: batch.rail,
    connectionId: batch.connectionId,
    fundingAccountId: batch.fundingAccountId,
    currency: batch.currency,
    total: counted.total,
    count: counted.count,
    feeBearer: batch.feeBearer,
    feeMaximum: batch.feeMaximum,
    executeNotBefore: batch.executeNotBefore?.toISOString() ?? null,
    executeBy: batch.executeBy?.toISOString() ?? null,
  };
  return { ...counted, root, digest: batchDigest(sha256, header, root) };
};
