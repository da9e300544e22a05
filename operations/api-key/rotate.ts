import { endOfRotated, type KeyState, keyState } from '../../domain/api-key.js';
import { toWireId } from '../../domain/ids.js';
import { type Refusal, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { proveByCode } from '../factor/prove.js';
import { answer } from '../idempotency/answer.js';
import { toWireApiKey, type WireApiKey } from './view.js';

/**
 * Puts another key in the place of one: it has the same name, owner, scopes, expiry and networks, and a secret that only this answer shows.
 * The old key ends at once, or `grace_seconds` later by the database's clock; a suspended one ends at once whatever is asked, and the new one is
 * not suspended. A key is rotated once: of several rotations at a time one wins.
 *
 * Only the owner may, because whoever has the secret acts in the owner's name, and what they prepare they may not approve (R9). And it takes a code
 * of a second factor, which is used up last, because the new secret outlives the session that asks.
 *
 * Refuses with `forbidden` (the caller is not its owner), `not_found`, `key_not_active`, `code_wrong`, `otp_step_used`, `factor_locked` or
 * `factor_missing`.
 */
export const rotateApiKey = async (ctx: Context, input: { key_id: string; grace_seconds: number; code: string }): Promise<Result<WireApiKey>> => {
  const { actor } = ctx;
  const id = ctx.services.entropy.newId();
  const { key_id, grace_seconds } = input;
  return ctx.inTenant(async (stores) => {
    const entry = { subject: { type: 'api_key', id: key_id }, action: 'api_key.rotate', detail: { grace_seconds } } as const;
    const refused = ({ refusal }: { refusal: Refusal }) => refusedAndAudited(stores, entry, refusal);
    if (actor.type !== 'user') return refused(refuse('forbidden', 'Only a person signed in as themselves rotates API keys.'));
    const old = await stores.apiKeys.lock(key_id);
    if (!old) return refused(refuse('not_found', 'This workspace has no such API key.'));
    if (old.ownerPersonId !== actor.personId) return refused(refuse('forbidden', OF_ANOTHER));
    const state = keyState(old, stores.now);
    // A suspended key may have been rotated before, and is in its grace.
    if (state === 'suspended' && old.rotatedAt) return refused(refuse('key_not_active', IN_GRACE, { extra: { state } }));
    if (state !== 'active' && state !== 'suspended') return refused(refuse('key_not_active', NOT_ACTIVE[state], { extra: { state } }));
    const unproven = await proveByCode(ctx, stores, actor.personId, input.code);
    if (unproven) return refused({ refusal: unproven });
    const { token, hash, prefix } = ctx.services.credentials.newToken('api_key', ctx.mode);
    const endsAt = endOfRotated(old, stores.now, state === 'suspended' ? 0 : grace_seconds);
    const row = await stores.apiKeys.rotate(old, { id, prefix, tokenHash: hash }, endsAt);
    const detail = { grace_seconds, ends_at: endsAt.toISOString(), successor: toWireId('apiKey', id) };
    await stores.audit.append({ ...entry, detail, result: 'ok' });
    return answer({ ...toWireApiKey(row, stores.now), secret: token });
  });
};

const OF_ANOTHER = 'Only its owner rotates a key, because it acts in their name. Revoke it, and make one of your own.';

const IN_GRACE = 'The key was rotated already, and was suspended since. It may be revoked at once; rotate the one that has taken its place.';

const NOT_ACTIVE: Readonly<Record<Exclude<KeyState, 'active' | 'suspended'>, string>> = {
  ending: 'The key was rotated already, and another has taken its place. Rotate that one.',
  rotated: 'The key was rotated already, and another has taken its place. Rotate that one.',
  revoked: 'The key is revoked. Make a new one.',
  expired: 'The key has expired. Make a new one.',
};
