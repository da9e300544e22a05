import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { leafHash, toHex } from '../../domain/hashing.js';
import { merkleRoot } from '../../domain/merkle.js';
import { consistencyRanges, inclusionRanges } from '../../domain/merkle-ranges.js';
import { subtreeRoots } from '../../operations/audit/subtrees.js';
import { sha256 } from '../../vault/sha256.js';
import { consistencyProof, inclusionPath } from '../domain/reference-tree.js';

const leaves = Array.from({ length: 6_000 }, (_, i) => leafHash(sha256, Buffer.from(`event ${i}`)));
const hex = (path: readonly Uint8Array[]) => path.map(toHex);

test('proofs over tiles are those over all leaves, at any size [S1-18]', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: leaves.length }), fc.nat(leaves.length - 1), async (size, at) => {
      const index = at % size;
      let most = 0;
      const read = async (from: bigint, to: bigint) => {
        most = Math.max(most, Number(to - from));
        return leaves.slice(Number(from), Number(to));
      };
      const rootOf = subtreeRoots(read, sha256);
      const roots = (ranges: { from: number; to: number }[]) => Promise.all(ranges.map((range) => rootOf(range)));
      const tree = leaves.slice(0, size);
      expect(toHex(await rootOf({ from: 0, to: size }))).toBe(toHex(merkleRoot(sha256, tree)));
      expect(hex(await roots(inclusionRanges(index, size)))).toEqual(hex(inclusionPath(sha256, tree, index)));
      expect(hex(await roots(consistencyRanges(index + 1, size)))).toEqual(hex(consistencyProof(sha256, tree, index + 1)));
      expect(most).toBeLessThanOrEqual(1_024);
    }),
    { numRuns: 40 },
  );
});
