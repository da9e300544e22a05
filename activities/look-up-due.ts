import { lookUpDue } from '../operations/chunk/look-up-due.js';
import type { ActivityDeps, BatchPlace } from './deps.js';
import { runActivity } from './run.js';

/** Looks up all items that are due at the rail. Returns when to come back, ms from now; null when nothing is left to look up. */
export const lookUpDueActivity =
  (deps: ActivityDeps) =>
  (place: BatchPlace): Promise<number | null> =>
    runActivity(deps, place, (ctx, progress) => lookUpDue(ctx, place.batchId, progress), { comesBack: (nextMs) => nextMs });
