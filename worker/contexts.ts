import type { Database } from '../db/transaction/open.js';
import { tenantTransactions } from '../db/transaction/tenant.js';
import type { Actor } from '../domain/actors.js';
import type { Context } from '../operations/context.js';
import type { Services } from '../operations/ports.js';

const ACTOR: Actor = { type: 'system', process: 'worker' };

/** Creates the contexts of the worker process. The mode of a workspace never changes, so it is read once. */
export const contexts = (database: Database, services: Services): ((tenantId: string, requestId: string) => Promise<Context>) => {
  const modes = new Map<string, 'live' | 'test'>();
  return async (tenantId, requestId) => {
    const inTenant = tenantTransactions(database, { tenantId, actor: ACTOR, requestId });
    const mode = modes.get(tenantId) ?? (await inTenant((stores) => stores.workspaces.get())).mode;
    modes.set(tenantId, mode);
    return { tenantId, mode, actor: ACTOR, requestId, inTenant, services };
  };
};
