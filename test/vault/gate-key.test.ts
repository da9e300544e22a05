import { createHmac, hkdfSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { openGateKey } from '../../vault/gate-key.js';
import { freshKeyFile } from './keys.js';

const keyFile = freshKeyFile();
const gateKey = openGateKey(keyFile);
const bytes = new TextEncoder().encode('a gate');

test('an authenticator is HMAC-SHA-256 under a key that HKDF derives from the root key for gates alone', () => {
  const key = Buffer.from(hkdfSync('sha256', keyFile.root.key, new Uint8Array(), 'sluice-gates-v1', 32));
  expect(Buffer.from(gateKey.authenticate(bytes))).toEqual(createHmac('sha256', key).update(bytes).digest());
  expect(gateKey.isAuthentic(bytes, openGateKey(keyFile).authenticate(bytes))).toBe(true);
});

test('another text, another installation, one bit more or a byte less is not authentic', () => {
  const authenticator = gateKey.authenticate(bytes);
  expect(gateKey.isAuthentic(new TextEncoder().encode('a gatf'), authenticator)).toBe(false);
  expect(openGateKey(freshKeyFile()).isAuthentic(bytes, authenticator)).toBe(false);
  for (let i = 0; i < authenticator.length; i++) {
    const changed = authenticator.slice();
    changed[i] = (changed[i] ?? 0) ^ 1;
    expect(gateKey.isAuthentic(bytes, changed)).toBe(false);
  }
  expect(gateKey.isAuthentic(bytes, authenticator.slice(0, 31))).toBe(false);
  expect(gateKey.isAuthentic(bytes, new Uint8Array())).toBe(false);
});
