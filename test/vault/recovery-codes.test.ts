import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { hashRecoveryCode, newRecoveryCodes } from '../../vault/recovery-codes.js';

test('each new code has a hash of its own, which is found however the code is typed, and does not hold the code', () => {
  const { codes, hashes } = newRecoveryCodes(10, randomBytes);
  expect([codes.length, new Set(codes).size]).toEqual([10, 10]);
  for (const [i, code] of codes.entries()) {
    expect(hashRecoveryCode(code.toUpperCase().replaceAll('-', ' '))).toEqual(hashes[i]);
    expect(hashes[i]).toHaveLength(32);
    expect(Buffer.from(hashes[i] as Uint8Array).toString('latin1')).not.toContain(code.slice(0, 5));
  }
});

test('every bit of a code is random', () => {
  const zeros = newRecoveryCodes(1, (count) => new Uint8Array(count)).codes;
  const ones = newRecoveryCodes(1, (count) => new Uint8Array(count).fill(255)).codes;
  expect([zeros, ones]).toEqual([['00000-00000-00000-00000'], ['zzzzz-zzzzz-zzzzz-zzzzz']]);
});

test('what is no recovery code has no hash', () => {
  for (const typed of ['123456', '', 'not a recovery code']) expect(hashRecoveryCode(typed)).toBeNull();
});
