import type { Entropy } from '../operations/ports.js';
import type { KeyStore } from '../operations/stores/keys.js';
import { KEY_BYTES, open, seal, type VersionedKey } from './envelope.js';
import type { SecretKey } from './key-file.js';
import { deriveKey } from './root-key.js';

/** Tenant keys in memory, for about 800 active workspaces with five keys each. */
const CACHED_MAX = 4_096;

export interface TenantKeys {
  /** The newest key of a purpose; made when there is none. */
  current(keys: KeyStore, tenantId: string, purpose: string): Promise<VersionedKey>;
  /** The key of one version. Throws when there is none. */
  at(keys: KeyStore, tenantId: string, purpose: string, version: number): Promise<Uint8Array>;
}

/**
 * The middle level of keys: random, wrapped with the root key, stored in the database.
 *
 * A new key is cached only for the transaction that creates it. After a rollback that key does not exist, and nothing may be
 * sealed with a copy that is still in memory.
 */
export const openTenantKeys = (root: SecretKey, entropy: Entropy): TenantKeys => {
  const wrapping: VersionedKey = { key: deriveKey(root.key, 'tenant-keys'), version: 1 };
  const cached = new Map<string, VersionedKey>();
  const made = new WeakMap<KeyStore, Map<string, VersionedKey>>();

  const remembered = (keys: KeyStore, name: string): VersionedKey | undefined => {
    const found = made.get(keys)?.get(name) ?? cached.get(name);
    // A key that is used moves to the end of the map; the first one was unused for longest.
    if (cached.delete(name) && found) cached.set(name, found);
    return found;
  };

  const remember = (names: readonly string[], key: VersionedKey): VersionedKey => {
    for (const name of names) cached.set(name, key);
    while (cached.size > CACHED_MAX) {
      const [oldest] = cached.keys();
      if (oldest === undefined) break;
      cached.delete(oldest);
    }
    return key;
  };

  const unwrap = (tenantId: string, purpose: string, version: number, row: { wrapped: Uint8Array; rootKey: string }): VersionedKey => {
    if (row.rootKey !== root.id)
      throw new Error(`the ${purpose} key of workspace ${tenantId} is wrapped under root key ${row.rootKey}, but the key file holds ${root.id}`);
    return { version, key: open(wrapping.key, tenantKeyPlace(tenantId, purpose, version), row.wrapped) };
  };

  const make = async (keys: KeyStore, tenantId: string, purpose: string): Promise<VersionedKey | null> => {
    const fresh: VersionedKey = { version: 1, key: entropy.bytes(KEY_BYTES) };
    const wrapped = seal(wrapping, tenantKeyPlace(tenantId, purpose, fresh.version), fresh.key, entropy.bytes);
    if (!(await keys.insertTenantKey({ purpose, version: fresh.version, wrapped, rootKey: root.id }))) return null;
    const own = made.get(keys) ?? new Map<string, VersionedKey>();
    made.set(keys, own.set(currentName(tenantId, purpose), fresh).set(versionName(tenantId, purpose, fresh.version), fresh));
    return fresh;
  };

  const load = async (keys: KeyStore, tenantId: string, purpose: string): Promise<VersionedKey | null> => {
    const row = await keys.tenantKey(purpose);
    if (!row) return null;
    const key = unwrap(tenantId, purpose, row.version, row);
    return remember([currentName(tenantId, purpose), versionName(tenantId, purpose, row.version)], key);
  };

  return {
    current: async (keys, tenantId, purpose) => {
      const known = remembered(keys, currentName(tenantId, purpose)) ?? (await load(keys, tenantId, purpose));
      // A transaction that loses the race to create the key has waited for the winner's commit, and reads that key now.
      const key = known ?? (await make(keys, tenantId, purpose)) ?? (await load(keys, tenantId, purpose));
      if (!key) throw new Error(`the ${purpose} key of workspace ${tenantId} can neither be made nor read`);
      return key;
    },
    at: async (keys, tenantId, purpose, version) => {
      const name = versionName(tenantId, purpose, version);
      const known = remembered(keys, name);
      if (known) return known.key;
      const row = await keys.tenantKeyAt(purpose, version);
      if (!row) throw new Error(`workspace ${tenantId} has no ${purpose} key of version ${version}`);
      return remember([name], unwrap(tenantId, purpose, version, row)).key;
    },
  };
};

const currentName = (tenantId: string, purpose: string): string => `${tenantId}/${purpose}`;
const versionName = (tenantId: string, purpose: string, version: number): string => `${tenantId}/${purpose}/${version}`;

const tenantKeyPlace = (tenantId: string, purpose: string, version: number) => ({
  tenantId,
  purpose: 'tenant_key',
  record: purpose,
  field: `v${version}`,
});
