import { refusalToWithdraw } from '../../domain/freeze.js';
import { toWireId } from '../../domain/ids.js';
import type { Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { openFreeze, takeStep } from './step.js';
import type { WireTenant } from './view.js';

/**
 * Takes back what the same operator asked for and nobody has confirmed: a freeze, after which money moves again (unless the workspace was
 * stopped before by other means), or a thaw. `freeze_id`: of an organization, where a freeze with another id stays. Refuses with `freeze_state`, and
 * with `forbidden` what another operator asked for.
 */
export const withdrawFreeze = (ctx: Context, { freeze_id: freezeId }: { freeze_id?: string } = {}): Promise<Result<WireTenant>> =>
  takeStep(ctx, {
    action: 'workspace.withdraw_freeze',
    detail: freezeId === undefined ? {} : { asked: toWireId('freeze', freezeId) },
    refusal: (freeze, operatorId) => refusalToWithdraw(freeze, operatorId, freezeId),
    take: async (stores, freeze) => {
      const { id, confirmedBy, proposedAt } = openFreeze(freeze);
      if (confirmedBy !== null) {
        await stores.freezes.withdrawThaw(id);
        return id;
      }
      await stores.freezes.withdraw(id);
      // What was stopped before the freeze was asked for was stopped by somebody else.
      if ((await stores.workspaces.get()).frozenAt?.getTime() !== proposedAt.getTime()) return id;
      await stores.workspaces.thaw();
      await stores.outbox.wake(await stores.batches.executing());
      return id;
    },
  });
