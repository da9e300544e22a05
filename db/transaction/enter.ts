import { Prisma } from '../../prisma/generated/client.js';
import type { Tx } from './open.js';
import type { Scope } from './scope.js';

/** Binds a transaction that has begun to a tenant. */
export const enterTenant = async (tx: Tx, who: Omit<Scope, 'now'>): Promise<Scope> =>
  scopeOf(who, await tx.sql.row('setting')`${tenantSetting(who)}`);

/** The one statement that says whose rows the stores see: those of the workspace, and of people, factors and sessions those of who acts (ADR 0064). */
export const tenantSetting = ({ tenantId, actor }: Omit<Scope, 'now'>): Prisma.Sql =>
  Prisma.sql`SELECT set_config('app.tenant_id', ${tenantId}, true), set_config('app.person_id', ${actsAs(actor)}, true), now() AS now`;

/** The person whose rows a transaction sees as their own; empty for programs, and for whoever acts for somebody else. */
const actsAs = (actor: Scope['actor']): string => (actor.type === 'user' || actor.type === 'email_link' ? actor.personId : '');

export const scopeOf = (who: Omit<Scope, 'now'>, set: object | null): Scope => {
  if (!set) throw new Error('the database did not answer the first statement of a transaction');
  return { ...who, now: (set as { now: Date }).now };
};
