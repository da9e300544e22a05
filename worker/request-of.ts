import type { ActivityDeps } from '../activities/deps.js';

/** Batches whose request is remembered; each costs two short reads a process. */
const REMEMBERED = 1_000;

/**
 * Finds the request that opened a batch's execute gate, by the gate's audit event: nothing has to be carried from run to run.
 * An executed batch never goes back, so what was found stays true.
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
    if (known.size >= REMEMBERED && oldest !== undefined) known.delete(oldest);
    known.set(place, requestId);
    return requestId;
  };
};
