import type { InTenant, Patience } from '../../operations/context.js';
import type { Database, Tx } from './open.js';
import type { Scope } from './scope.js';
import { direct, withConnection } from './sql.js';
import { storesOf } from '../stores.js';

const ATTEMPTS_MAX = 5;
/** Prisma: write conflict or deadlock; and the SQLSTATEs behind it as adapters report them. */
const RETRYABLE = new Set(['P2034', '40001', '40P01']);

/** Opens transactions of one tenant. The only place that sets `app.tenant_id`. */
export const tenantTransactions =
  (database: Database, who: Omit<Scope, 'now'>, usual: Patience = { timeoutMs: 30_000 }): InTenant =>
  async (work, { timeoutMs } = usual) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await withConnection((connection) =>
          database.$transaction(
            async (orm) => {
              const tx = direct(orm, connection);
              return work(storesOf(tx, await begin(tx, who)));
            },
            { maxWait: usual.timeoutMs, timeout: timeoutMs },
          ),
        );
      } catch (error) {
        if (attempt >= ATTEMPTS_MAX || !isRetryable(error)) throw error;
      }
    }
  };

const begin = async (tx: Tx, who: Omit<Scope, 'now'>): Promise<Scope> => {
  const [row] = await tx.$queryRaw<{ now: Date }[]>`SELECT set_config('app.tenant_id', ${who.tenantId}, true), now() AS now`;
  if (!row) throw new Error('the database did not answer the first statement of a transaction');
  return { ...who, now: row.now };
};

const isRetryable = (error: unknown): boolean => {
  const { code, meta, cause } = error as { code?: string; meta?: { code?: string; driverAdapterError?: unknown }; cause?: unknown };
  if (code && RETRYABLE.has(code)) return true;
  if (meta?.code && RETRYABLE.has(meta.code)) return true;
  const inner = (meta?.driverAdapterError ?? cause) as { cause?: { originalCode?: string; kind?: string } } | undefined;
  return RETRYABLE.has(inner?.cause?.originalCode ?? '') || inner?.cause?.kind === 'TransactionWriteConflict';
};
