import type { Sha256 } from '../../domain/hashing.js';
import { largestPowerBelow, merkleRoot } from '../../domain/merkle.js';

/** Proofs over a whole list of leaf hashes, written as RFC 6962 defines them, to compare the product's proofs with. */

/** Audit path of the leaf at `index` (2.1.1), lowest sibling first. Throws RangeError outside the tree. */
export const inclusionPath = (sha256: Sha256, hashes: readonly Uint8Array[], index: number): Uint8Array[] => {
  if (index < 0 || index >= hashes.length) throw new RangeError(`leaf ${index} is not in a tree of ${hashes.length}`);
  if (hashes.length === 1) return [];
  const split = largestPowerBelow(hashes.length);
  const [left, right] = [hashes.slice(0, split), hashes.slice(split)];
  if (index < split) return [...inclusionPath(sha256, left, index), merkleRoot(sha256, right)];
  return [...inclusionPath(sha256, right, index - split), merkleRoot(sha256, left)];
};

/** Proof that the tree of `oldSize` leaves is a prefix of the tree over `hashes` (2.1.2). */
export const consistencyProof = (sha256: Sha256, hashes: readonly Uint8Array[], oldSize: number): Uint8Array[] => {
  if (oldSize < 0 || oldSize > hashes.length) throw new RangeError(`${oldSize} is no earlier size of a tree of ${hashes.length}`);
  if (oldSize === 0 || oldSize === hashes.length) return [];
  return subproof(sha256, hashes, oldSize, true);
};

const subproof = (sha256: Sha256, hashes: readonly Uint8Array[], size: number, whole: boolean): Uint8Array[] => {
  if (size === hashes.length) return whole ? [] : [merkleRoot(sha256, hashes)];
  const split = largestPowerBelow(hashes.length);
  const [left, right] = [hashes.slice(0, split), hashes.slice(split)];
  if (size <= split) return [...subproof(sha256, left, size, whole), merkleRoot(sha256, right)];
  return [...subproof(sha256, right, size - split, false), merkleRoot(sha256, left)];
};
