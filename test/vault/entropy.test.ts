import { expect, test } from '@jest/globals';
import { systemEntropy } from '../../vault/entropy.js';

test('no bytes are drawn twice, within a block and from one to the next', () => {
  const sizes = [12, 16, 32, 1_000, 1_024, 1_025, 20_000];
  const drawn = Array.from({ length: 5_000 }, (_, i) => systemEntropy.bytes(sizes[i % sizes.length] ?? 0));
  expect(drawn.filter((bytes, i) => bytes.length !== sizes[i % sizes.length])).toEqual([]);
  // Equal or empty bytes would be a block that is read again, or one that was emptied before.
  expect(new Set(drawn.map((bytes) => Buffer.from(bytes.subarray(0, 12)).toString('hex'))).size).toBe(drawn.length);
});

test('bytes that were drawn do not change when more are drawn', () => {
  const first = systemEntropy.bytes(16);
  const before = Buffer.from(first).toString('hex');
  for (let i = 0; i < 2_000; i++) systemEntropy.bytes(16);
  expect(Buffer.from(first).toString('hex')).toBe(before);
});
