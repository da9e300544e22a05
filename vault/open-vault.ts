import { createHmac } from 'node:crypto';
import type { Entropy, SealedPlace, Vault } from '../operations/ports.js';
import type { KeyStore } from '../operations/stores/keys.js';
import { KEY_BYTES, open, seal, versionOf } from './envelope.js';
import type { KeyFile } from './key-file.js';
import { openTenantKeys } from './tenant-keys.js';

/** Subject keys have only one version, because a new key would be that of another subject. */
const SUBJECT_KEY_VERSION = 1;

/**
 * Envelope encryption with three levels of keys (R21): the root key of the key file wraps the key of a tenant for one purpose,
 * and the tenant's `payee` key wraps the key of each payee. A bounded number of tenant keys stays in memory, so an item costs one
 * AES-GCM operation and no query of its own.
 */
export const openVault = (keyFile: Pick<KeyFile, 'root'>, entropy: Entropy): Vault => {
  const tenantKeys = openTenantKeys(keyFile.root, entropy);
  return {
    newSubjectKey: async (keys, tenantId, subjectId) => {
      const wrapping = await tenantKeys.current(keys, tenantId, 'payee');
      const key = entropy.bytes(KEY_BYTES);
      return { key, wrapped: seal(wrapping, subjectKeyPlace(tenantId, subjectId), key, entropy.bytes) };
    },
    unwrapSubjectKeys: async (keys, tenantId, wrapped) => {
      const versions = new Map<number, Uint8Array>();
      for (const version of new Set([...wrapped.values()].map(versionOf)))
        versions.set(version, await tenantKeys.at(keys, tenantId, 'payee', version));
      const opened = new Map<string, Uint8Array>();
      for (const [subjectId, sealed] of wrapped) {
        const wrapping = versions.get(versionOf(sealed));
        if (wrapping) opened.set(subjectId, open(wrapping, subjectKeyPlace(tenantId, subjectId), sealed));
      }
      return opened;
    },
    sealWith: (key, where, plain) => seal({ key, version: SUBJECT_KEY_VERSION }, where, plain, entropy.bytes),
    openWith: (key, where, sealed) => open(key, where, sealed),
    seal: async (keys, where, plain) => seal(await tenantKeys.current(keys, where.tenantId, where.purpose), where, plain, entropy.bytes),
    open: async (keys, where, sealed) => open(await sealingKey(keys, where, sealed), where, sealed),
    mac: async (keys, tenantId, purpose, data) => {
      const { key } = await tenantKeys.current(keys, tenantId, purpose);
      return createHmac('sha256', key).update(data).digest();
    },
  };

  function sealingKey(keys: KeyStore, where: SealedPlace, sealed: Uint8Array): Promise<Uint8Array> {
    return tenantKeys.at(keys, where.tenantId, where.purpose, versionOf(sealed));
  }
};

const subjectKeyPlace = (tenantId: string, subjectId: string) => ({ tenantId, purpose: 'payee', record: subjectId, field: 'subject_key' });
