import { createHmac } from 'node:crypto';
import type { Entropy, SealedPlace, Vault } from '../operations/ports.js';
import type { KeyStore } from '../operations/stores/keys.js';
import { open, seal, versionOf } from './envelope.js';
import type { KeyFile } from './key-file.js';
import { isSecret, newStoredSecret, subjectKey, versionOfSecret } from './subject-key.js';
import { openTenantKeys } from './tenant-keys.js';

/** Subject keys have only one version, because a new key would be that of another subject. */
const SUBJECT_KEY_VERSION = 1;

/**
 * Envelope encryption with three levels of keys (R21): the root key of the key file wraps the key of a tenant for one purpose, and the key
 * of each payee is derived from the tenant's `payee` key and a secret of the payee. A bounded number of tenant keys stays in memory,
 * so an item costs one HMAC and one AES-GCM operation, and no query of its own.
 */
export const openVault = (keyFile: Pick<KeyFile, 'root'>, entropy: Entropy): Vault => {
  const tenantKeys = openTenantKeys(keyFile.root, entropy);
  return {
    newSubjectKeys: async (keys, tenantId) => {
      const { key, version } = await tenantKeys.current(keys, tenantId, 'payee');
      return (subjectId) => {
        const stored = newStoredSecret(version, entropy.bytes);
        return { key: subjectKey(key, tenantId, subjectId, stored), stored };
      };
    },
    subjectKeys: async (keys, tenantId, stored) => {
      const versions = new Map<number, Uint8Array>();
      for (const version of new Set([...stored.values()].map(tenantVersionOf)))
        versions.set(version, await tenantKeys.at(keys, tenantId, 'payee', version));
      const opened = new Map<string, Uint8Array>();
      for (const [subjectId, own] of stored) {
        const tenantKey = versions.get(tenantVersionOf(own));
        if (tenantKey)
          opened.set(
            subjectId,
            isSecret(own) ? subjectKey(tenantKey, tenantId, subjectId, own) : open(tenantKey, subjectKeyPlace(tenantId, subjectId), own),
          );
      }
      return opened;
    },
    sealWith: (key, where, plain) => seal({ key, version: SUBJECT_KEY_VERSION }, where, plain, entropy.bytes),
    openWith: (key, where, sealed) => open(key, where, sealed),
    seal: async (keys, where, plain) => seal(await tenantKeys.current(keys, where.tenantId, where.purpose), where, plain, entropy.bytes),
    open: async (keys, where, sealed) => open(await sealingKey(keys, where, sealed), where, sealed),
    macs: async (keys, tenantId, purpose) => {
      const { key } = await tenantKeys.current(keys, tenantId, purpose);
      return (data) => createHmac('sha256', key).update(data).digest();
    },
  };

  function sealingKey(keys: KeyStore, where: SealedPlace, sealed: Uint8Array): Promise<Uint8Array> {
    return tenantKeys.at(keys, where.tenantId, where.purpose, versionOf(sealed));
  }
};

const tenantVersionOf = (stored: Uint8Array): number => (isSecret(stored) ? versionOfSecret(stored) : versionOf(stored));

/** Where a key of a released version is wrapped. */
const subjectKeyPlace = (tenantId: string, subjectId: string) => ({ tenantId, purpose: 'payee', record: subjectId, field: 'subject_key' });
