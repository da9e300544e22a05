import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { newToken } from '../../vault/tokens.js';

/** What docs/keys.md tells secret scanners is checked as a scanner reads it, with nothing of ours but the keys. */

const page = readFileSync('docs/keys.md', 'utf8');
const published = /^(\\bslk_.*)$/m.exec(page)?.[1] ?? '';
const KEYS = Array.from({ length: 1_000 }, (_, i) => newToken('api_key', i % 2 === 0 ? 'live' : 'test', randomBytes).token);

/** CRC-32 as RFC 1952 defines it, bit by bit. */
const crc = (text: string): number => {
  let rest = 0xffff_ffff;
  for (const byte of Buffer.from(text)) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb8_8320 : rest >>> 1;
  }
  return (rest ^ 0xffff_ffff) >>> 0;
};

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const numberOf = (digits: string): number => [...digits].reduce((value, digit) => value * 62 + DIGITS.indexOf(digit), 0);

test('the published pattern finds every key in a text, and only its own characters', () => {
  expect(published).not.toBe('');
  const found = (text: string) => text.match(new RegExp(published, 'g'));
  for (const key of KEYS)
    for (const text of [key, `token="${key}",`, `https://x:${key}@api.example`, `SLUICE_API_KEY=${key}\n`]) expect(found(text)).toEqual([key]);
  const [key = ''] = KEYS;
  for (const other of [key.slice(0, -1), `${key}0`, `x${key}`, key.replace('slk', 'sk'), key.replace('_live_', '_prod_')])
    expect(found(other)).toBeNull();
});

test('the last six characters are the checksum that the page describes, so what is no key is told offline', () => {
  for (const key of KEYS) expect(numberOf(key.slice(-6))).toBe(crc(key.slice(0, -6)));
  expect(page).toContain(DIGITS);
});

test('the page holds no key, not even a made-up one', () => {
  expect(page.match(new RegExp(published, 'g'))).toBeNull();
});
