import { createHmac, hkdfSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { openGateKey } from '../../vault/gate-key.js';
import { openMembershipKey } from '../../vault/membership-key.js';
import { freshKeyFile } from './keys.js';

test('an authenticator is HMAC-SHA-256 under a key that HKDF derives from the root key for memberships alone', () => {
  const keyFile = freshKeyFile();
  const bytes = new TextEncoder().encode('a membership');
  const key = Buffer.from(hkdfSync('sha256', keyFile.root.key, new Uint8Array(), 'sluice-memberships-v1', 32));
  const authenticator = openMembershipKey(keyFile).authenticate(bytes);
  expect(Buffer.from(authenticator)).toEqual(createHmac('sha256', key).update(bytes).digest());
  expect(openMembershipKey(keyFile).isAuthentic(bytes, authenticator)).toBe(true);
  expect(openGateKey(keyFile).isAuthentic(bytes, authenticator)).toBe(false);
  expect(openMembershipKey(freshKeyFile()).isAuthentic(bytes, authenticator)).toBe(false);
});
