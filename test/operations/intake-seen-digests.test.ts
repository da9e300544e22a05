import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SeenDigests } from '../../operations/intake/seen-digests.js';

const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest();

test('digests are remembered like a map remembers them, each with its first number, through every growth of the table', () => {
  const seen = new SeenDigests();
  const numbers = Array.from({ length: 20_000 }, (_, i) => i);
  expect(numbers.filter((i) => seen.add(digest(`row ${i}`), i) !== null)).toEqual([]);
  expect(numbers.filter((i) => seen.find(digest(`row ${i}`)) !== i || seen.add(digest(`row ${i}`), 7) !== i)).toEqual([]);
  expect(numbers.filter((i) => seen.find(digest(`other ${i}`)) !== null)).toEqual([]);
  expect(seen.size).toBe(numbers.length);
});

test('digests that begin alike are told apart', () => {
  const near = fc.tuple(fc.constantFrom(0, 1, 2), fc.constantFrom(0, 1), fc.constantFrom(0, 1), fc.constantFrom(0, 1)).map((words) => {
    const bytes = new Uint8Array(32);
    for (const [i, word] of words.entries()) new DataView(bytes.buffer).setUint32(i * 4, word * 2);
    return bytes;
  });
  fc.assert(
    fc.property(fc.array(near, { maxLength: 60 }), (digests) => {
      const seen = new SeenDigests();
      const map = new Map<string, number>();
      for (const [i, bytes] of digests.entries()) {
        const name = Buffer.from(bytes).toString('hex');
        expect(seen.find(bytes)).toBe(map.get(name) ?? null);
        expect(seen.add(bytes, i)).toBe(map.get(name) ?? null);
        map.set(name, map.get(name) ?? i);
      }
    }),
  );
});
