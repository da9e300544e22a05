import type { InTenant } from '../../operations/context.js';
import { storesOf } from '../stores.js';
import { scopeOf, tenantSetting } from './enter.js';
import type { Database } from './open.js';
import type { Scope } from './scope.js';

const ATTEMPTS_MAX = 5;
/** Prisma's code for a write conflict or deadlock, and the SQLSTATEs behind it as the driver and the adapter report them. */
const RETRYABLE = new Set(['P2034', '40001', '40P01']);

/** Opens transactions of one tenant, with all stores. Runs a transaction again, up to five times, after a serialization failure or a deadlock. */
export const tenantTransactions =
  (database: Database, who: Omit<Scope, 'now'>): InTenant =>
  async (work, options) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await database.transaction((tx, set) => work(storesOf(tx, scopeOf(who, set))), { ...options, setting: tenantSetting(who) });
      } catch (error) {
        if (attempt >= ATTEMPTS_MAX || !isRetryable(error)) throw error;
      }
    }
  };

const isRetryable = (error: unknown): boolean => {
  const { code, meta, cause } = error as { code?: string; meta?: { code?: string; driverAdapterError?: unknown }; cause?: unknown };
  if (code && RETRYABLE.has(code)) return true;
  if (meta?.code && RETRYABLE.has(meta.code)) return true;
  const inner = (meta?.driverAdapterError ?? cause) as { cause?: { originalCode?: string; kind?: string } } | undefined;
  return RETRYABLE.has(inner?.cause?.originalCode ?? '') || inner?.cause?.kind === 'TransactionWriteConflict';
};
