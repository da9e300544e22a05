import type { z } from 'zod';
import type { askForFreeze } from '../../contracts/tenants.js';
import { refusalToFreeze } from '../../domain/freeze.js';
import type { Result } from '../../domain/result.js';
import { reasonHash } from '../batch-state/end-early.js';
import type { Context } from '../context.js';
import { takeStep } from './step.js';
import type { WireTenant } from './view.js';

/** Of a freeze of the whole organization. `fresh` takes the place of `id` where that one has ended already: it was withdrawn or thawed alone. */
type Asked = z.output<typeof askForFreeze> & { id?: string; fresh?: string };

/**
 * Asks for a freeze of the workspace, and stops its money at once: when the answer is there, nothing is sent any more. People and keys are
 * shut out when another operator confirms it. Refuses with `freeze_state` when a freeze is open already.
 */
export const freezeTenant = (ctx: Context, { reason, fresh = ctx.services.entropy.newId(), id = fresh }: Asked): Promise<Result<WireTenant>> =>
  takeStep(ctx, {
    action: 'workspace.freeze',
    detail: { reason_sha256: reasonHash(ctx, reason) },
    refusal: refusalToFreeze,
    take: async (stores, _none, operatorId) => {
      const own = (await stores.freezes.had(id)) ? fresh : id;
      await stores.freezes.propose({ id: own, reason, operatorId });
      await stores.workspaces.stop();
      return own;
    },
  });
