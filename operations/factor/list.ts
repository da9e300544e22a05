import type { z } from 'zod';
import type { factorList } from '../../contracts/factors.js';
import { ok, type Result, refuse } from '../../domain/result.js';
import { PENDING_MS } from '../../domain/second-factor.js';
import type { Context } from '../context.js';
import { toWireFactor } from './view.js';

/** The caller's second factors, the oldest first, and how many recovery codes are left. Refuses with `forbidden` (no person). */
export const listFactors = async (ctx: Context): Promise<Result<z.infer<typeof factorList>>> => {
  const { actor } = ctx;
  if (actor.type !== 'user') return refuse('forbidden', 'Only a person who signed in has second factors.');
  return ctx.inTenant(async (stores) => {
    const data = (await stores.factors.list(PENDING_MS)).map(toWireFactor);
    return ok({ object: 'list', data, has_more: false, next_cursor: null, recovery_codes_left: await stores.recoveryCodes.left(actor.personId) });
  });
};
