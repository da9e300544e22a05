import type { Context } from '../context.js';
import type { PaymentOutcome } from '../ports.js';
import { type Applied, applyOutcomes } from '../settlement/apply.js';
import type { TransitionSource } from '../stores/transitions.js';

/** Commits what the rail said of one chunk: all of it in one transaction, through the one reducer. */
export const settleChunk = async (
  ctx: Context,
  settlement: { batchId: string; connectionId: string; source: TransitionSource; outcomes: readonly PaymentOutcome[] },
): Promise<Applied> => {
  const applied = await ctx.inTenant(async (stores) => {
    const done = await applyOutcomes(ctx, stores, settlement);
    await ctx.services.failpoint('before_commit');
    return done;
  });
  await ctx.services.failpoint('after_commit');
  return applied;
};
