import type { z } from 'zod';
import type { confirmFreeze as contract } from '../../contracts/tenants.js';
import { refusalToConfirm } from '../../domain/freeze.js';
import { toWireId } from '../../domain/ids.js';
import type { Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { openFreeze, takeStep } from './step.js';
import type { WireTenant } from './view.js';

/**
 * Confirms, as a second operator, what another one asked for. A confirmed freeze shuts people and keys out from their next request on; a
 * confirmed thaw lets them in again, and wakes the batches that were stopped while they executed. Refuses with `freeze_same_person`, or
 * `freeze_state` when it is not the freeze or the step that was looked at.
 */
export const confirmFreeze = (ctx: Context, { freeze_id: freezeId, step }: z.output<typeof contract>): Promise<Result<WireTenant>> =>
  takeStep(ctx, {
    action: step === 'freeze' ? 'workspace.confirm_freeze' : 'workspace.confirm_thaw',
    detail: { asked: toWireId('freeze', freezeId) },
    refusal: (freeze, operatorId) => refusalToConfirm(freeze, { freezeId, step, operatorId }),
    take: async (stores, freeze, operatorId) => {
      const { id } = openFreeze(freeze);
      if (step === 'freeze') {
        await stores.freezes.confirm(id, operatorId);
        await stores.workspaces.close();
        return id;
      }
      await stores.freezes.confirmThaw(id, operatorId);
      await stores.workspaces.thaw();
      await stores.outbox.wakeExecuting();
      return id;
    },
  });
