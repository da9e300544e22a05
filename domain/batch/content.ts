import { canonicalBytes, type Json, leafHash, type Sha256, toHex } from '../hashing.js';
import { toItemId } from '../ids.js';
import { merkleRoot } from '../merkle.js';

/**
 * The digest that the gates sign (R10): SHA-256(canonical header ‖ Merkle root over the leaves of all items). The format is
 * versioned; verifiers accept every released version. Version 1 binds no version of the connection's settings.
 */
const DIGEST_VERSIONS = { unversioned: 'sluice-batch-v1', newest: 'sluice-batch-v2' } as const;

export interface DigestHeader {
  tenantId: string;
  mode: 'live' | 'test';
  batchId: string;
  contentVersion: number;
  rail: string;
  connectionId: string;
  /** The version of the connection's settings, and SHA-256 over them in hex (`settingsHash`). Both null in the first version of the format. */
  connectionVersion: number | null;
  connectionSettings: string | null;
  fundingAccountId: string;
  currency: string;
  /** Minor units of all items that are not excluded. */
  total: bigint;
  count: number;
  feeBearer: 'sender';
  /** Minor units. */
  feeMaximum: bigint;
  /** RFC 3339 or null. */
  executeNotBefore: string | null;
  executeBy: string | null;
}

export interface DigestItem {
  ordinal: number;
  itemId: string;
  reference: string;
  /** Minor units. */
  amount: bigint;
  currency: string;
  payeeId: string;
  destinationId: string;
  remittance: string;
  /** SHA-256(salt ‖ canonical destination and name as sent), 32 bytes. */
  commitment: Uint8Array;
}

/** Leaf hash of an item that will be paid. */
export const itemLeaf = (sha256: Sha256, item: DigestItem): Uint8Array =>
  leafHash(
    sha256,
    canonicalBytes([
      'sluice-item-v1',
      item.ordinal,
      item.itemId,
      item.reference,
      item.amount.toString(),
      item.currency,
      item.payeeId,
      item.destinationId,
      item.remittance,
      toHex(item.commitment),
    ]),
  );

/** Leaf hash of an excluded item. The ordinal stays taken, so no other item can take its place. */
export const tombstoneLeaf = (sha256: Sha256, ordinal: number, itemId: string): Uint8Array =>
  leafHash(sha256, canonicalBytes(['sluice-item-excluded-v1', ordinal, itemId]));

/** Commitment to a destination: it reveals nothing without the 128-bit salt. */
export const commitmentTo = (sha256: Sha256, salt: Uint8Array, destination: Record<string, string>): Uint8Array =>
  sha256(salt, canonicalBytes(destination));

/** What the digest binds of a connection's settings. */
export const settingsHash = (sha256: Sha256, settings: { [name: string]: Json }): Uint8Array => sha256(canonicalBytes(settings));

export const batchDigest = (sha256: Sha256, header: DigestHeader, root: Uint8Array): Uint8Array =>
  sha256(
    canonicalBytes({
      ...connectionPart(header),
      tenant_id: header.tenantId,
      mode: header.mode,
      batch_id: header.batchId,
      content_version: header.contentVersion,
      rail: header.rail,
      connection_id: header.connectionId,
      funding_account_id: header.fundingAccountId,
      currency: header.currency,
      total: header.total.toString(),
      count: header.count,
      fee_bearer: header.feeBearer,
      fee_maximum: header.feeMaximum.toString(),
      execute_not_before: header.executeNotBefore,
      execute_by: header.executeBy,
    }),
    root,
  );

const connectionPart = ({ connectionVersion, connectionSettings }: DigestHeader): { [name: string]: Json } =>
  connectionVersion === null && connectionSettings === null
    ? { domain: DIGEST_VERSIONS.unversioned }
    : { domain: DIGEST_VERSIONS.newest, connection_version: connectionVersion, connection_settings: connectionSettings };

/**
 * Chunks are aligned ranges of 2^k ordinals, so that the root of a chunk is a node of the batch's tree (R3). Ordinals start at 0
 * and leave no gaps.
 */
interface ChunkRange {
  chunk: number;
  /** First ordinal, inclusive. */
  from: number;
  /** Last ordinal, exclusive. */
  to: number;
}

export const chunkCount = (items: number, chunkSize: number): number => Math.ceil(items / chunkSize);

export const chunkOf = (ordinal: number, chunkSize: number): number => Math.floor(ordinal / chunkSize);

export const rangeOf = (chunk: number, chunkSize: number, items: number): ChunkRange => ({
  chunk,
  from: chunk * chunkSize,
  to: Math.min((chunk + 1) * chunkSize, items),
});

/** An item together with its leaf, which is what the gates sign of it. */
export const withLeaf = <Item extends Omit<DigestItem, 'itemId' | 'currency' | 'commitment'>>(
  sha256: Sha256,
  batch: { id: string; currency: string },
  item: Item,
  commitment: Uint8Array,
): Item & { leaf: Uint8Array } => ({
  ...item,
  leaf: itemLeaf(sha256, { ...item, itemId: toItemId(batch.id, item.ordinal), currency: batch.currency, commitment }),
});

/** Roots of the chunks that these leaves fill. Throws RangeError unless the first leaf is the first of its chunk. */
export const chunkRootsOf = (
  sha256: Sha256,
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

/** The members of the digest's header that stay the same in every content version of a batch. */
export interface SignedTerms extends Pick<DigestHeader, 'rail' | 'connectionId' | 'fundingAccountId' | 'currency' | 'feeBearer' | 'feeMaximum'> {
  id: string;
  connectionVersion: number | null;
  connectionSettings: Uint8Array | null;
  executeNotBefore: Date | null;
  executeBy: Date | null;
}

/** One content version of a batch. `size` counts all ordinals, `count` and `total` (minor units) the items that are not excluded. */
export interface Content {
  contentVersion: number;
  size: number;
  count: number;
  total: bigint;
  root: Uint8Array;
  digest: Uint8Array;
}

/**
 * Root and digest of one content version. Chunks are aligned subtrees, so the root over the roots of all chunks is the root over
 * all leaves (R3).
 */
export const contentOf = (
  sha256: Sha256,
  { tenantId, mode }: Pick<DigestHeader, 'tenantId' | 'mode'>,
  batch: SignedTerms,
  counted: Omit<Content, 'root' | 'digest'>,
  chunkRoots: readonly Uint8Array[],
): Content => contentUnder(sha256, { tenantId, mode }, batch, counted, merkleRoot(sha256, chunkRoots));

/** The same for a root that is known. */
export const contentUnder = (
  sha256: Sha256,
  { tenantId, mode }: Pick<DigestHeader, 'tenantId' | 'mode'>,
  batch: SignedTerms,
  counted: Omit<Content, 'root' | 'digest'>,
  root: Uint8Array,
): Content => {
  const { contentVersion, size, count, total } = counted;
  const header = {
    tenantId,
    mode,
    batchId: batch.id,
    contentVersion,
    rail: batch.rail,
    connectionId: batch.connectionId,
    connectionVersion: batch.connectionVersion,
    connectionSettings: batch.connectionSettings ? toHex(batch.connectionSettings) : null,
    fundingAccountId: batch.fundingAccountId,
    currency: batch.currency,
    total,
    count,
    feeBearer: batch.feeBearer,
    feeMaximum: batch.feeMaximum,
    executeNotBefore: batch.executeNotBefore?.toISOString() ?? null,
    executeBy: batch.executeBy?.toISOString() ?? null,
  };
  return { contentVersion, size, count, total, root, digest: batchDigest(sha256, header, root) };
};
