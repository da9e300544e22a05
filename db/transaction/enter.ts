import { Prisma } from '../../prisma/generated/client.js';
import type { Tx } from './open.js';
import type { Scope } from './scope.js';

/** Binds a transaction that has begun to a tenant. */
export const enterTenant = async (tx: Tx, who: Omit<Scope, 'now'>): Promise<Scope> =>
  scopeOf(who, await tx.sql.row('setting')`${tenantSetting(who)}`);

/** The one statement that sets `app.tenant_id` for the stores. */
export const tenantSetting = ({ tenantId }: Omit<Scope, 'now'>): Prisma.Sql =>
  Prisma.sql`SELECT set_config('app.tenant_id', ${tenantId}, true), now() AS now`;

export const scopeOf = (who: Omit<Scope, 'now'>, set: object | null): Scope => {
  if (!set) throw new Error('the database did not answer the first statement of a transaction');
  return { ...who, now: (set as { now: Date }).now };
};
