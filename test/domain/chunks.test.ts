import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chunkCount, chunkOf, rangeOf } from '../../domain/batch/content.js';
import { leafHash, type Sha256, toHex } from '../../domain/hashing.js';
import { merkleRoot } from '../../domain/merkle.js';

const sha256: Sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const items = fc.integer({ min: 1, max: 400 });
const chunkSize = fc.integer({ min: 0, max: 7 }).map((power) => 2 ** power);
const leavesOf = (count: number) => Array.from({ length: count }, (_, i) => leafHash(sha256, Buffer.from(`item ${i}`)));

describe('chunks', () => {
  test('ranges follow each other without gap or overlap and cover every ordinal once', () => {
    fc.assert(
      fc.property(items, chunkSize, (count, size) => {
        let next = 0;
        for (let chunk = 0; chunk < chunkCount(count, size); chunk++) {
          const range = rangeOf(chunk, size, count);
          expect(range.from).toBe(next);
          expect(range.to).toBeGreaterThan(range.from);
          for (let ordinal = range.from; ordinal < range.to; ordinal++) expect(chunkOf(ordinal, size)).toBe(chunk);
          next = range.to;
        }
        expect(next).toBe(count);
      }),
    );
  });

  test('the root over the roots of the chunks is the root over all leaves', () => {
    fc.assert(
      fc.property(items, chunkSize, (count, size) => {
        const leaves = leavesOf(count);
        const roots = Array.from({ length: chunkCount(count, size) }, (_, chunk) => {
          const { from, to } = rangeOf(chunk, size, count);
          return merkleRoot(sha256, leaves.slice(from, to));
        });
        expect(toHex(merkleRoot(sha256, roots))).toBe(toHex(merkleRoot(sha256, leaves)));
      }),
    );
  });

  test('a changed leaf changes the root of its chunk and of the batch, and of no other chunk', () => {
    fc.assert(
      fc.property(items, chunkSize, fc.nat(), (count, size, seed) => {
        const changed = seed % count;
        const before = leavesOf(count);
        const after = before.map((leaf, i) => (i === changed ? leafHash(sha256, Buffer.from('something else')) : leaf));
        expect(toHex(merkleRoot(sha256, after))).not.toBe(toHex(merkleRoot(sha256, before)));
        for (let chunk = 0; chunk < chunkCount(count, size); chunk++) {
          const { from, to } = rangeOf(chunk, size, count);
          const same = toHex(merkleRoot(sha256, after.slice(from, to))) === toHex(merkleRoot(sha256, before.slice(from, to)));
          expect(same).toBe(chunk !== chunkOf(changed, size));
        }
      }),
    );
  });
});
