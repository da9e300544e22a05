import type { z } from 'zod';
import type { confirmFreeze as contract } from '../../contracts/tenants.js';
import { refusalToConfirm } from '../../domain/freeze.js';
import { toWireId } from '../../domain/ids.js';
import type { Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import { openFreeze, takeStep } from './step.js';
import type { WireTenant } from './view.js';

/**
 * Confirms, as a second operator, what another one asked for. A confirmed freeze shuts people and keys out from their next request on; a
 * confirmed thaw lets them in again, and pauses the batches that were stopped while they executed: what the freeze was for may still be in
 * them, and nobody of the workspace could look before. Refuses with `freeze_same_person`, or `freeze_state` when it is not the freeze or the step that was looked at.
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
      // Once more: a sign-in that was under way when the workspace was closed may have left a session.
      await stores.workspaces.close();
      await stores.freezes.confirmThaw(id, operatorId);
      await stores.workspaces.thaw();
      await pauseExecuting(stores);
      return id;
    },
  });

/** Each goes on when a person of the workspace resumes it. */
const pauseExecuting = async (stores: Stores): Promise<void> => {
  for (const batchId of await stores.batches.executing()) {
    const control = await stores.batches.lock(batchId);
    if (control?.state !== 'executing' || control.pausedAt !== null) continue;
    await stores.batches.moveLocked(batchId, control.rowVersion, { pausedAt: stores.now, reason: PAUSED_BECAUSE });
    await stores.outbox.add({ batchId, message: 'batch_changed' });
    await stores.audit.append({ subject: { type: 'batch', id: batchId }, action: 'batch.pause', result: 'ok', detail: { state: control.state } });
  }
};

const PAUSED_BECAUSE = 'The workspace was frozen and thawed. Look at the batch, and resume it if it shall go on.';
