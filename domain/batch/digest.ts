import { canonicalBytes } from '../canonical-json.js';
import { type Sha256, toHex } from '../hashing.js';
import { leafHash } from '../merkle.js';

/**
 * What the gates sign (R10): SHA-256(canonical header ‖ Merkle root over all items). The format is versioned;
 * verifiers accept every released version.
 */
export const DIGEST_VERSION = 'sluice-batch-v1';

export interface DigestHeader {
  tenantId: string;
  mode: 'live' | 'test';
  batchId: string;
  contentVersion: number;
  rail: string;
  connectionId: string;
  fundingAccountId: string;
  currency: string;
  /** Minor units of all items that are not excluded. */
  total: bigint;
  count: number;
  feeBearer: 'sender';
  feeMaximum: bigint;
  /** RFC 3339 or null. */
  executeNotBefore: string | null;
  executeBy: string | null;
}

export interface DigestItem {
  ordinal: number;
  itemId: string;
  reference: string;
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

/** Leaf hash of an excluded item: the ordinal stays taken, so nothing can slide into its place. */
export const tombstoneLeaf = (sha256: Sha256, ordinal: number, itemId: string): Uint8Array =>
  leafHash(sha256, canonicalBytes(['sluice-item-excluded-v1', ordinal, itemId]));

/** Commitment to a destination that reveals nothing without its 128-bit salt. */
export const commitmentTo = (sha256: Sha256, salt: Uint8Array, destination: Record<string, string>): Uint8Array =>
  sha256(salt, canonicalBytes(destination));

export const batchDigest = (sha256: Sha256, header: DigestHeader, root: Uint8Array): Uint8Array =>
  sha256(
    canonicalBytes({
      domain: DIGEST_VERSION,
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
