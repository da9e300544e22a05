import { ok, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { toWireSigningKey, type WireSigningKey } from './view.js';

interface Input {
  key_id: string;
  signing_key_id: string;
}

/**
 * Revokes a signing key at once: what it signs is refused from the next request on (I8). A second revocation keeps the time of the first.
 * Refuses with `forbidden` (the caller is not a person) or `not_found`.
 */
export const revokeSigningKey = (ctx: Context, { key_id, signing_key_id }: Input): Promise<Result<WireSigningKey>> =>
  ctx.inTenant(async (stores) => {
    const entry = { subject: { type: 'signing_key', id: signing_key_id }, action: 'signing_key.revoke', detail: {} } as const;
    if (ctx.actor.type !== 'user')
      return refusedAndAudited(stores, entry, refuse('forbidden', 'Only a person signed in as themselves revokes signing keys.').refusal);
    const row = await stores.signingKeys.revoke(key_id, signing_key_id);
    if (!row) return refusedAndAudited(stores, entry, refuse('not_found', 'This API key has no such signing key.').refusal);
    await stores.audit.append({ ...entry, result: 'ok' });
    return ok(toWireSigningKey(row));
  });
