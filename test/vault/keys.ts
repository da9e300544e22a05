import { join } from 'node:path';
import type { KeyStore, TenantKeyRow } from '../../operations/stores/keys.js';
import { createKeyFile, type KeyFile } from '../../vault/key-file.js';
import { freshFolder } from '../harness/fresh-folder.js';

export const freshKeyFile = (): KeyFile => createKeyFile(join(freshFolder('keys'), 'keys.json'));

/** The keys of one workspace as transactions see them. Each `begin` is the store of one transaction. */
export const keyRows = () => {
  const committed = new Map<string, TenantKeyRow[]>();
  let reads = 0;
  const begin = (fate: 'commits' | 'rolls back' = 'commits'): KeyStore => {
    const own = new Map<string, TenantKeyRow[]>();
    const visible = (purpose: string) => [...(committed.get(purpose) ?? []), ...(own.get(purpose) ?? [])];
    return {
      tenantKey: async (purpose) => {
        reads += 1;
        return visible(purpose).at(-1) ?? null;
      },
      tenantKeyAt: async (purpose, version) => {
        reads += 1;
        return visible(purpose).find((row) => row.version === version) ?? null;
      },
      insertTenantKey: async (row) => {
        const { purpose } = row;
        if (visible(purpose).some((other) => other.version === row.version)) return false;
        const target = fate === 'commits' ? committed : own;
        target.set(purpose, [...(target.get(purpose) ?? []), row]);
        return true;
      },
      subjectKeys: async () => new Map(),
      insertSubjectKeys: async () => undefined,
    };
  };
  return { begin, reads: () => reads };
};
