import type { z } from 'zod';
import type { createApiKey as contract } from '../../contracts/access.js';
import { permissionsOf } from '../../domain/actors.js';
import { keyPermissions } from '../../domain/api-key.js';
import { accessRefusal } from '../../domain/plans.js';
import { type FieldError, type Refusal, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { proveByCode } from '../factor/prove.js';
import { answer } from '../idempotency/answer.js';
import { roomRefusal } from '../plan/limits.js';
import { toWireApiKey, type WireApiKey } from './view.js';

/**
 * Makes an API key that belongs to the person who calls. Its scopes must be permissions of that person, now and at every use, and
 * it is used from its networks alone where it has some. It takes a code of a second factor, because a key outlives the session that makes it.
 * The secret is in this answer only; the database stores its SHA-256.
 *
 * Refuses with `forbidden` (the caller is not a person, or lacks a scope), `invalid_request` (`expires_at` is in the past), `plan_required`,
 * `plan_limit`, `code_wrong`, `otp_step_used`, `factor_locked` or `factor_missing`.
 */
export const createApiKey = async (ctx: Context, input: z.output<typeof contract>): Promise<Result<WireApiKey>> => {
  const { actor } = ctx;
  const id = ctx.services.entropy.newId();
  const scopes = [...new Set(input.scopes)].sort();
  const expiresAt = input.expires_at === undefined ? null : new Date(input.expires_at);
  const allowedNetworks = [...new Set(input.allowed_networks)].sort();
  return ctx.inTenant(async (stores) => {
    const entry = {
      subject: { type: 'api_key', id },
      action: 'api_key.create',
      detail: { scopes, expires_at: expiresAt?.toISOString() ?? null, allowed_networks: allowedNetworks.length },
    } as const;
    const refusedFor = (refusal: Refusal) => refusedAndAudited(stores, entry, refusal);
    const refused = (code: 'forbidden' | 'invalid_request', detail: string, errors: FieldError[]) =>
      refusedFor(refuse(code, detail, errors.length > 0 ? { errors } : {}).refusal);
    if (actor.type !== 'user') return refused('forbidden', 'Only a person signed in as themselves makes API keys.', []);
    const held = keyPermissions(scopes, permissionsOf(actor));
    const beyond = scopes.filter((scope) => !held.includes(scope));
    if (beyond.length > 0) return refused('forbidden', 'A key cannot do what its owner may not.', beyond.map(scopeError));
    if (expiresAt && expiresAt <= stores.now) return refused('invalid_request', 'The key would have expired already.', [EXPIRED]);
    // Before the code is used up, and before its lock.
    const beyondPlan = accessRefusal((await stores.workspaces.get()).plan) ?? (await roomRefusal(stores, 'api_keys'));
    if (beyondPlan) return refusedFor(beyondPlan);
    const unproven = await proveByCode(ctx, stores, actor.personId, input.code);
    if (unproven) return refusedFor(unproven);
    const { token, hash, prefix } = ctx.services.credentials.newToken('api_key', ctx.mode);
    const key = { id, name: input.name, prefix, scopes, ownerPersonId: actor.personId, allowedNetworks, expiresAt };
    const row = await stores.apiKeys.insert({ ...key, tokenHash: hash });
    await stores.audit.append({ ...entry, result: 'ok' });
    return answer({ ...toWireApiKey(row, stores.now), secret: token });
  });
};

const scopeError = (scope: string): FieldError => ({ field: 'scopes', reason: 'beyond_owner', message: `none of your roles has ${scope}` });

const EXPIRED: FieldError = { field: 'expires_at', reason: 'in_the_past', message: 'give a time in the future, or leave it out' };
