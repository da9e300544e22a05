import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hashToken, newToken } from '../../vault/tokens.js';

const kind = fc.constantFrom('session', 'api_key', 'link', 'operator');
const mode = fc.constantFrom('live', 'test');
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

describe('bearer tokens', () => {
  test('carry a public prefix that tells live from test and keys from sessions [S2-10] [S4-16]', () => {
    expect(newToken('api_key', 'live', randomBytes).token).toMatch(/^slk_live_[0-9A-Za-z]{39}$/);
    expect(newToken('api_key', 'test', randomBytes).token).toMatch(/^slk_test_[0-9A-Za-z]{39}$/);
    expect(newToken('session', 'live', randomBytes).token).toMatch(/^sluice_session_[0-9A-Za-z]{39}$/);
    expect(newToken('link', 'live', randomBytes).token).toMatch(/^sluice_link_[0-9A-Za-z]{39}$/);
    expect(newToken('operator', 'live', randomBytes).token).toMatch(/^slo_[0-9A-Za-z]{39}$/);
    const { token, prefix } = newToken('api_key', 'live', randomBytes);
    expect(token.startsWith(prefix)).toBe(true);
    // 33 random characters less the 4 that are shown: more than 168 bits stay secret.
    expect(token.length - prefix.length - 6).toBe(29);
  });

  test('are kept as SHA-256 of the whole token [S2-11] [S4-16]', () => {
    fc.assert(
      fc.property(kind, mode, (kind, mode) => {
        const { token, hash } = newToken(kind, mode, randomBytes);
        expect(Buffer.from(hash)).toEqual(createHash('sha256').update(token).digest());
        expect(Buffer.from(hashToken(token) ?? [])).toEqual(Buffer.from(hash));
      }),
    );
  });

  test('hold every random bit: different bytes, different tokens', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 24 }), fc.uint8Array({ minLength: 24, maxLength: 24 }), (one, other) => {
        const tokens = [one, other].map((bytes) => newToken('api_key', 'test', () => bytes).token);
        expect(tokens[0] === tokens[1]).toBe(Buffer.from(one).equals(other));
        expect(tokens.every((token) => hashToken(token) !== null)).toBe(true);
      }),
    );
  });

  test('are refused by their checksum when one character is wrong or two change places', () => {
    fc.assert(
      fc.property(kind, mode, fc.nat(38), fc.constantFrom(...'0Az9Zb'), (kind, mode, at, character) => {
        const { token } = newToken(kind, mode, randomBytes);
        const place = token.length - 39 + at;
        const wrong = `${token.slice(0, place)}${character}${token.slice(place + 1)}`;
        fc.pre(wrong !== token);
        expect(hashToken(wrong)).toBeNull();
        const swapped = `${token.slice(0, -2)}${token.at(-1)}${token.at(-2)}`;
        if (swapped !== token) expect(hashToken(swapped)).toBeNull();
      }),
    );
  });

  test('a test key with a live prefix is no token', () => {
    expect(hashToken(newToken('api_key', 'test', randomBytes).token.replace('_test_', '_live_'))).toBeNull();
  });

  test('a key that was made with the lead of before is still one', () => {
    const begin = newToken('session', 'live', randomBytes).token.replace('_session_', '_test_').slice(0, -6);
    const checksum = [5, 4, 3, 2, 1, 0].map((place) => DIGITS[Math.floor(crc32(begin) / 62 ** place) % 62]).join('');
    expect(hashToken(begin + checksum)).toEqual(
      createHash('sha256')
        .update(begin + checksum)
        .digest(),
    );
  });

  test('any other text is no token', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => expect(hashToken(text)).toBeNull()));
  });
});
