import type { z } from 'zod';
import type { recoveryPlan } from '../../contracts/exceptions.js';
import { toWireId } from '../../domain/ids.js';
import { ok, type Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { planRecovery } from './plan.js';

/** What a recovery of the workspace would do, and why the process is in recovery mode. */
export const showRecovery = (ctx: Context): Promise<Result<z.infer<typeof recoveryPlan>>> =>
  ctx.inTenant(async (stores) => {
    const { knownUntil, batches, connections, digest } = await planRecovery(ctx, stores);
    return ok({
      object: 'recovery_plan',
      reason: ctx.services.recovery.reason(),
      known_until: knownUntil.toISOString(),
      batches: batches.map(({ batchId, state, open, amount }) => ({
        id: toWireId('batch', batchId),
        state,
        open,
        amount: Number(amount),
        step: state === 'executing' ? ('look_up' as const) : ('ask_then_look_up' as const),
      })),
      connections: new Set(connections.map(({ connectionId }) => connectionId)).size,
      digest,
    });
  });
