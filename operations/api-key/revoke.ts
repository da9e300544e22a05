import { ok, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { toWireApiKey, type WireApiKey } from './view.js';

/**
 * Revokes a key at once and for ever: it is refused from the next request on, in every process (I8). A second revocation keeps the time of the first. A person
 * with `keys.manage` may revoke any key of the workspace. Refuses with `forbidden` (the caller is not a person) or `not_found`.
 */
export const revokeApiKey = (ctx: Context, { key_id }: { key_id: string }): Promise<Result<WireApiKey>> =>
  ctx.inTenant(async (stores) => {
    const entry = { subject: { type: 'api_key', id: key_id }, action: 'api_key.revoke', detail: {} } as const;
    if (ctx.actor.type !== 'user')
      return refusedAndAudited(stores, entry, refuse('forbidden', 'Only a person signed in as themselves revokes API keys.').refusal);
    const row = await stores.apiKeys.revoke(key_id);
    if (!row) return refusedAndAudited(stores, entry, refuse('not_found', 'This workspace has no such API key.').refusal);
    await stores.audit.append({ ...entry, result: 'ok' });
    return ok(toWireApiKey(row, stores.now));
  });
