import { type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { toWireSigning, type WireSigning } from './signing.js';

/**
 * From the next request on, machine calls that change something have to be signed in this workspace. Where they have to be already, nothing
 * changes. Refuses with `forbidden` (the caller is not a person).
 */
export const requireSigning = (ctx: Context): Promise<Result<WireSigning>> =>
  ctx.inTenant(async (stores) => {
    const entry = { subject: { type: 'workspace', id: ctx.tenantId }, action: 'workspace.require_signing', detail: {} } as const;
    if (ctx.actor.type !== 'user')
      return refusedAndAudited(stores, entry, refuse('forbidden', 'Only a person signed in as themselves decides about signing.').refusal);
    const row = await stores.workspaces.requireSigning();
    await stores.audit.append({ ...entry, result: 'ok' });
    return answer(toWireSigning(row));
  });
