import type { ActivityDeps } from '../activities/deps.js';

/** How many batches the process caches; another one costs two short reads. */
const CACHED_MAX = 1_000;

/**
 * Finds the id of the request that opened the execute gate of a batch, from the gate's audit event, so that runs need not pass it on.
 * The result is cached: an executed batch never goes back.
 */
export const executeRequests = (contextOf: ActivityDeps['contextOf']): ActivityDeps['requestOf'] => {
  const known = new Map<string, string>();
  return async ({ tenantId, batchId }) => {
    const place = `${tenantId}/${batchId}`;
    const found = known.get(place);
    if (found) return found;
    const ctx = await contextOf(tenantId, `find/${batchId}`);
    const requestId = await ctx.inTenant(async ({ gates, audit }) => {
      const execute = (await gates.all(batchId)).find(({ gate }) => gate === 'execute');
      return execute ? ((await audit.get(execute.eventId))?.requestId ?? null) : null;
    });
    if (requestId === null) return null;
    const [oldest] = known.keys();
    if (known.size >= CACHED_MAX && oldest !== undefined) known.delete(oldest);
    known.set(place, requestId);
    return requestId;
  };
};
