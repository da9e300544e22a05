import { nodeHash, type Sha256, sameBytes } from './hashing.js';

/** Merkle trees by RFC 6962 section 2.1 (the same in RFC 9162), for the batch digest and the audit log. */

/** Root of a tree over leaf hashes (or over the roots of equal aligned subtrees). The empty tree is SHA-256(""). */
export const merkleRoot = (sha256: Sha256, hashes: readonly Uint8Array[]): Uint8Array => {
  if (hashes.length === 0) return sha256();
  let level = hashes;
  while (level.length > 1) level = parents(sha256, level);
  return level[0] as Uint8Array;
};

/** The next level up. An odd last node rises unchanged, which gives the same tree as splitting at the largest power of two. */
const parents = (sha256: Sha256, level: readonly Uint8Array[]): Uint8Array[] => {
  const up: Uint8Array[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const left = level[i] as Uint8Array;
    const right = level[i + 1];
    up.push(right ? nodeHash(sha256, left, right) : left);
  }
  return up;
};

/** The audit path of every hash in its tree, lowest sibling first. In all it takes as many hashes as the tree, times its height. */
export const auditPaths = (sha256: Sha256, hashes: readonly Uint8Array[]): Uint8Array[][] => {
  const paths = hashes.map((): Uint8Array[] => []);
  for (let level: readonly Uint8Array[] = hashes, height = 0; level.length > 1; level = parents(sha256, level), height++)
    for (const [leaf, path] of paths.entries()) {
      const sibling = level[(leaf >> height) ^ 1];
      if (sibling) path.push(sibling);
    }
  return paths;
};

/** The root that a leaf hash and its audit path (lowest sibling first) lead to. Null when no path of (index, size) has this length. */
export const rootFromInclusion = (sha256: Sha256, leaf: Uint8Array, index: number, size: number, path: readonly Uint8Array[]): Uint8Array | null => {
  if (index < 0 || index >= size) return null;
  let hash = leaf;
  let at = index;
  let last = size - 1;
  let used = 0;
  while (last > 0) {
    if (at % 2 === 1 || at < last) {
      const sibling = path[used++];
      if (!sibling) return null;
      hash = at % 2 === 1 ? nodeHash(sha256, sibling, hash) : nodeHash(sha256, hash, sibling);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return used === path.length ? hash : null;
};

/** The largest power of two smaller than `n`, for n > 1. */
export const largestPowerBelow = (n: number): number => {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
};

/** Does `proof` show that the older tree is a prefix of the newer one? By RFC 9162 2.1.4.2. */
export const verifyConsistency = (
  sha256: Sha256,
  older: { size: number; root: Uint8Array },
  newer: { size: number; root: Uint8Array },
  proof: readonly Uint8Array[],
): boolean => {
  if (older.size > newer.size) return false;
  if (older.size === newer.size) return proof.length === 0 && sameBytes(older.root, newer.root);
  if (older.size === 0) return proof.length === 0;
  const path = isPowerOfTwo(older.size) ? [older.root, ...proof] : [...proof];
  const first = path.shift();
  if (!first) return false;
  let at = older.size - 1;
  let last = newer.size - 1;
  while (at % 2 === 1) {
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  let oldHash = first;
  let newHash = first;
  for (const sibling of path) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      oldHash = nodeHash(sha256, sibling, oldHash);
      newHash = nodeHash(sha256, sibling, newHash);
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
      }
    } else newHash = nodeHash(sha256, newHash, sibling);
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && sameBytes(oldHash, older.root) && sameBytes(newHash, newer.root);
};

const isPowerOfTwo = (n: number): boolean => (n & (n - 1)) === 0;
