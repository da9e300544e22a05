import type { z } from 'zod';
import type { askForFreeze } from '../../contracts/tenants.js';
import { refusalToThaw } from '../../domain/freeze.js';
import type { Result } from '../../domain/result.js';
import { reasonHash } from '../batch-state/end-early.js';
import type { Context } from '../context.js';
import { openFreeze, takeStep } from './step.js';
import type { WireTenant } from './view.js';

/** Asks for the thaw of a frozen workspace. Nothing changes until another operator confirms it. Refuses with `freeze_state`. */
export const thawTenant = (ctx: Context, { reason }: z.output<typeof askForFreeze>): Promise<Result<WireTenant>> =>
  takeStep(ctx, {
    action: 'workspace.thaw',
    detail: { reason_sha256: reasonHash(ctx, reason) },
    refusal: refusalToThaw,
    take: async (stores, freeze, operatorId) => {
      const { id } = openFreeze(freeze);
      await stores.freezes.proposeThaw(id, { reason, operatorId });
      return id;
    },
  });
