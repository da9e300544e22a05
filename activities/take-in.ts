import { cancellationSignal } from '@temporalio/activity';
import { takeIn } from '../operations/intake/take-in.js';
import type { ActivityDeps, BatchPlace } from './deps.js';
import { runActivity } from './run.js';

/** Takes in the file of a batch in `receiving`; a try that ends early goes on with what is stored (R19). */
export const takeInActivity =
  (deps: ActivityDeps) =>
  (place: BatchPlace): Promise<void> => {
    const signal = cancellationSignal();
    return runActivity(deps, place, (ctx) => takeIn(ctx, place.batchId, signal));
  };
