import type { Context } from '../context.js';
import { raiseException } from '../exception/raise.js';

/** Tells people that a batch did not move and that its run was ended and begun anew, and why. */
export const reportStalledRun = (ctx: Context, batchId: string, reason: string): Promise<void> =>
  ctx.inTenant(async (stores) => {
    await raiseException(ctx, stores, { kind: 'run_stalled', batchId, detail: { reason } });
  });
