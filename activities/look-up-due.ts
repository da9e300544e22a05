import { lookUpDue } from '../operations/chunk/look-up-due.js';
import type { ActivityDeps, BatchPlace } from './deps.js';
import { runActivity } from './run.js';

/** Asks the rail for all evidence that is due. Answers when to come back, ms; null when nothing is left to ask. */
export const lookUpDueActivity =
  (deps: ActivityDeps) =>
  (place: BatchPlace): Promise<number | null> =>
    runActivity(deps, place, (ctx, progress) => lookUpDue(ctx, place.batchId, progress));
