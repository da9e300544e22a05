import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { KeyStore } from '../../operations/stores/keys.js';
import { systemEntropy } from '../../vault/entropy.js';
import { seal } from '../../vault/envelope.js';
import { openVault } from '../../vault/open-vault.js';
import { isSecret, newStoredSecret, subjectKey, versionOfSecret } from '../../vault/subject-key.js';
import { openTenantKeys } from '../../vault/tenant-keys.js';
import { freshKeyFile, keyRows } from './keys.js';

const [tenantId, subjectId, other] = [systemEntropy.newId(), systemEntropy.newId(), systemEntropy.newId()];
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex');

describe('the key of a payee (R21)', () => {
  const tenantKey = randomBytes(32);
  const stored = newStoredSecret(7, systemEntropy.bytes);

  test('is HKDF-Expand of RFC 5869: a whole HKDF of which the extraction gives the tenant’s key has the same result', () => {
    // RFC 5869 has PRK = HMAC(salt, IKM). Expand takes PRK, so it is compared by its definition T(1) = HMAC(PRK, info | 0x01).
    const info = Buffer.concat([Buffer.from(`sluice-subject-key-v1 ${tenantId} ${subjectId} `), Buffer.from(stored).subarray(5)]);
    const [salt, ikm] = [randomBytes(32), randomBytes(32)];
    const whole = Buffer.from(hkdfSync('sha256', ikm, salt, info, 32));
    const prk = createHmac('sha256', salt).update(ikm).digest();
    expect(hex(subjectKey(prk, tenantId, subjectId, stored))).toBe(hex(whole));
  });

  test('what is stored names its format and the version of the tenant’s key, and every secret is another', () => {
    expect(isSecret(stored)).toBe(true);
    expect(versionOfSecret(stored)).toBe(7);
    expect(hex(newStoredSecret(7, systemEntropy.bytes))).not.toBe(hex(stored));
  });

  test('is another for another tenant, payee, tenant key or secret', () => {
    const key = hex(subjectKey(tenantKey, tenantId, subjectId, stored));
    const others = [
      subjectKey(tenantKey, other, subjectId, stored),
      subjectKey(tenantKey, tenantId, other, stored),
      subjectKey(randomBytes(32), tenantId, subjectId, stored),
      subjectKey(tenantKey, tenantId, subjectId, newStoredSecret(7, systemEntropy.bytes)),
    ];
    expect(new Set([key, ...others.map(hex)]).size).toBe(5);
  });
});

test('a wrapped key of a released version still opens, beside secrets, and in its own place only', async () => {
  const keyFile = freshKeyFile();
  const vault = openVault(keyFile, systemEntropy);
  const keys: KeyStore = keyRows().begin();
  const fresh = (await vault.newSubjectKeys(keys, tenantId))(subjectId);
  const tenantKey = await openTenantKeys(keyFile.root, systemEntropy).at(keys, tenantId, 'payee', 1);
  const old = randomBytes(32);
  const place = { tenantId, purpose: 'payee', record: other, field: 'subject_key' };
  const wrapped = seal({ key: tenantKey, version: 1 }, place, old, systemEntropy.bytes);
  const opened = await vault.subjectKeys(
    keys,
    tenantId,
    new Map([
      [subjectId, fresh.stored],
      [other, wrapped],
    ]),
  );
  expect(hex(opened.get(subjectId))).toBe(hex(fresh.key));
  expect(hex(opened.get(other))).toBe(hex(old));
  await expect(vault.subjectKeys(keys, tenantId, new Map([[subjectId, wrapped]]))).rejects.toThrow(/does not open/);
});
