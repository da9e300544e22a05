import { limitRefusal, PLANS, type PlanLimit } from '../../domain/plans.js';
import type { Refusal } from '../../domain/result.js';
import type { Stores } from '../ports.js';
import type { PlanUseStore } from '../stores/plan-use.js';

const COUNTS: Readonly<Record<Exclude<PlanLimit, 'items'>, (use: PlanUseStore) => Promise<number>>> = {
  batches: (use) => use.batchesToday(),
  people: (use) => use.members(),
  api_keys: (use) => use.apiKeys(),
};

/**
 * Why the plan of the workspace has no room for one more; null when it has. Where the plan has a limit, what it counts is held until the
 * transaction ends, so that of many at once exactly as many pass as there is room for. It is asked before any other lock but the workspace's.
 */
export const roomRefusal = async (stores: Stores, limit: keyof typeof COUNTS): Promise<Refusal | null> => {
  const { plan } = await stores.workspaces.get();
  if (PLANS[plan].limits[limit] === null) return null;
  await stores.planUse.hold();
  return limitRefusal(plan, limit, await COUNTS[limit](stores.planUse));
};
