import { type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { toWireSigning, type WireSigning } from './signing.js';

/**
 * From the next request on, machine calls need no signature in this test workspace. On live nobody takes that back over the API: who has
 * stolen a session and an API key would do it first. Refuses with `forbidden` (the caller is not a person) or `not_on_live`.
 */
export const allowUnsigned = (ctx: Context): Promise<Result<WireSigning>> =>
  ctx.inTenant(async (stores) => {
    const entry = { subject: { type: 'workspace', id: ctx.tenantId }, action: 'workspace.allow_unsigned', detail: {} } as const;
    if (ctx.actor.type !== 'user')
      return refusedAndAudited(stores, entry, refuse('forbidden', 'Only a person signed in as themselves decides about signing.').refusal);
    const { mode } = await stores.workspaces.get();
    if (mode === 'live')
      return refusedAndAudited(stores, entry, refuse('not_on_live', 'A live workspace that asks for signatures goes on asking for them.').refusal);
    const row = await stores.workspaces.allowUnsigned();
    await stores.audit.append({ ...entry, result: 'ok' });
    return answer(toWireSigning(row));
  });
