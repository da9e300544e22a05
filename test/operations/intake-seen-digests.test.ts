import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SeenDigests } from '../../operations/intake/seen-digests.js';

const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest();

test('digests are remembered like a set remembers them, through every growth of the table', () => {
  const seen = new SeenDigests();
  const numbers = Array.from({ length: 20_000 }, (_, i) => i);
  expect(numbers.filter((i) => !seen.add(digest(`row ${i}`)))).toEqual([]);
  expect(numbers.filter((i) => !seen.has(digest(`row ${i}`)) || seen.add(digest(`row ${i}`)))).toEqual([]);
  expect(numbers.filter((i) => seen.has(digest(`other ${i}`)))).toEqual([]);
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
      const set = new Set<string>();
      for (const bytes of digests) {
        const name = Buffer.from(bytes).toString('hex');
        expect(seen.has(bytes)).toBe(set.has(name));
        expect(seen.add(bytes)).toBe(!set.has(name));
        set.add(name);
      }
    }),
  );
});
