import { expirePayoutBatch } from '../operations/payout-batch/expire.js';
import type { ActivityDeps, BatchPlace } from './deps.js';
import { Absent, InRecovery } from './failure.js';
import { runActivity } from './run.js';

/** Ends a batch whose deadline has passed, and leaves any other alone. */
export const expireBatchActivity =
  (deps: ActivityDeps) =>
  (place: BatchPlace): Promise<void> =>
    runActivity(deps, place, async (ctx) => {
      const result = await expirePayoutBatch(ctx, { batch_id: place.batchId });
      if (result.ok) return;
      const { code, detail } = result.refusal;
      throw code === 'recovery_mode' || code === 'not_ready' ? new InRecovery(detail) : new Absent(detail);
    });
