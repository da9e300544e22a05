import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { leafHash, type Sha256, toHex } from '../../domain/hashing.js';
import { auditPaths, merkleRoot, rootFromInclusion, verifyConsistency } from '../../domain/merkle.js';
import { appendLeaves, EMPTY_FRONTIER, frontierRoot } from '../../domain/merkle-frontier.js';
import { consistencyRanges, inclusionRanges } from '../../domain/merkle-ranges.js';
import { consistencyProof, inclusionPath } from './reference-tree.js';

const sha256: Sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** The vectors of the Certificate Transparency reference implementation. */
const ENTRIES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const vectorLeaves = ENTRIES.map((hex) => leafHash(sha256, Buffer.from(hex, 'hex')));
const leavesOf = (size: number) => Array.from({ length: size }, (_, i) => leafHash(sha256, Buffer.from(`leaf ${i}`)));
const SIZES = Array.from({ length: 70 }, (_, i) => i + 1);
const hex = (path: readonly Uint8Array[]) => path.map(toHex);

describe('RFC 6962 vectors', () => {
  test.each(ROOTS.map((root, size) => ({ size, root })))('the root of the first $size entries [S1-18]', ({ size, root }) => {
    expect(toHex(merkleRoot(sha256, vectorLeaves.slice(0, size)))).toBe(root);
  });

  test('audit paths of the reference implementation [S1-18]', () => {
    const path = (index: number, size: number) => hex(inclusionPath(sha256, vectorLeaves.slice(0, size), index));
    expect(path(0, 1)).toEqual([]);
    expect(path(0, 8)).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    expect(path(5, 8)).toEqual([
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect(path(2, 3)).toEqual(['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']);
  });

  test('consistency proofs of the reference implementation [S1-18]', () => {
    const proof = (older: number, newer: number) => hex(consistencyProof(sha256, vectorLeaves.slice(0, newer), older));
    expect(proof(1, 1)).toEqual([]);
    expect(proof(1, 8)).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    expect(proof(6, 8)).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect(proof(2, 5)).toEqual([
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ]);
  });
});

describe('every size up to 70', () => {
  test.each(SIZES)('every leaf of %i is proved, and nothing else is [S1-18]', (size) => {
    const leaves = leavesOf(size);
    const root = toHex(merkleRoot(sha256, leaves));
    for (const [index, leaf] of leaves.entries()) {
      const path = inclusionPath(sha256, leaves, index);
      const reached = (over: Partial<{ leaf: Uint8Array; index: number; size: number; path: Uint8Array[] }>) => {
        const claim = { leaf, index, size, path, ...over };
        const to = rootFromInclusion(sha256, claim.leaf, claim.index, claim.size, claim.path);
        return to === null ? null : toHex(to);
      };
      expect(reached({})).toBe(root);
      expect(reached({ leaf: leafHash(sha256, Buffer.from('another')) })).not.toBe(root);
      expect(reached({ path: [...path, leaf] })).toBeNull();
      if (size > 1) expect(reached({ index: (index + 1) % size })).not.toBe(root);
      if (path.length > 0) expect(reached({ path: path.slice(1) })).not.toBe(root);
    }
  });

  test.each(SIZES)('the tree of %i grows out of every smaller one, and out of no other [S1-18]', (size) => {
    const leaves = leavesOf(size);
    const newer = { size, root: merkleRoot(sha256, leaves) };
    for (let older = 0; older <= size; older++) {
      const proof = consistencyProof(sha256, leaves, older);
      const old = { size: older, root: merkleRoot(sha256, leaves.slice(0, older)) };
      expect(verifyConsistency(sha256, old, newer, proof)).toBe(true);
      if (older === 0) continue;
      const forged = { size: older, root: sha256(old.root) };
      expect(verifyConsistency(sha256, forged, newer, proof)).toBe(false);
      expect(verifyConsistency(sha256, old, newer, [...proof, newer.root])).toBe(false);
      if (proof.length > 0) expect(verifyConsistency(sha256, old, newer, proof.slice(0, -1))).toBe(false);
    }
  });

  test.each(SIZES)('ranges name the nodes of the proofs over %i leaves [S1-18]', (size) => {
    const leaves = leavesOf(size);
    const rootsOf = (ranges: { from: number; to: number }[]) => hex(ranges.map(({ from, to }) => merkleRoot(sha256, leaves.slice(from, to))));
    for (let at = 0; at < size; at++) {
      expect(rootsOf(inclusionRanges(at, size))).toEqual(hex(inclusionPath(sha256, leaves, at)));
      expect(rootsOf(consistencyRanges(at + 1, size))).toEqual(hex(consistencyProof(sha256, leaves, at + 1)));
    }
  });
});

test('a frontier that grows in groups of any size has the root of the whole tree [S1-18]', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 12 }), (groups) => {
      const leaves = leavesOf(groups.reduce((sum, n) => sum + n, 0));
      let frontier = EMPTY_FRONTIER;
      let taken = 0;
      for (const group of groups) {
        frontier = appendLeaves(sha256, frontier, leaves.slice(taken, taken + group));
        taken += group;
        expect(toHex(frontierRoot(sha256, frontier))).toBe(toHex(merkleRoot(sha256, leaves.slice(0, taken))));
      }
      expect(frontier.size).toBe(BigInt(leaves.length));
    }),
  );
});

test('leaves outside a tree and sizes that never were are refused', () => {
  expect(() => inclusionPath(sha256, vectorLeaves, 8)).toThrow(RangeError);
  expect(() => inclusionRanges(8, 8)).toThrow(RangeError);
  expect(() => consistencyProof(sha256, vectorLeaves, 9)).toThrow(RangeError);
  expect(() => consistencyRanges(9, 8)).toThrow(RangeError);
});

test('the audit path of every hash leads to the root, and of no other', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { minLength: 1, maxLength: 70 }), (hashes) => {
      const paths = auditPaths(sha256, hashes);
      const root = toHex(merkleRoot(sha256, hashes));
      for (const [at, hash] of hashes.entries()) {
        const reached = rootFromInclusion(sha256, hash, at, hashes.length, paths[at] ?? []);
        expect(reached && toHex(reached)).toBe(root);
        const other = rootFromInclusion(sha256, sha256(hash), at, hashes.length, paths[at] ?? []);
        expect(other && toHex(other)).not.toBe(root);
      }
    }),
  );
});
