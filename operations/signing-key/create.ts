import type { z } from 'zod';
import type { createSigningKey as contract } from '../../contracts/signing.js';
import { type Refusal, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { proveByCode } from '../factor/prove.js';
import { answer } from '../idempotency/answer.js';
import { secretPlace } from '../request-signature/verify.js';
import { toWireSigningKey, type WireSigningKey } from './view.js';

/** As long as the hash, so that guessing the key is as hard as anything else (RFC 2104). */
const SECRET_BYTES = 32;

type Input = z.output<typeof contract> & { key_id: string };

/**
 * Makes a key that signs the calls of an API key of the caller. Of hmac-sha256 the secret is made here, is in this answer only and is stored sealed;
 * of ed25519 the caller made it and gives its public half. An API key may have several, so that one can be exchanged without a pause.
 *
 * Only the owner of the API key may, with a code of a second factor: else whoever has somebody's API key gives themselves its signatures.
 *
 * Refuses with `forbidden` (the caller is not the owner of the API key), `not_found` (also for an API key that is revoked), `code_wrong`,
 * `otp_step_used`, `factor_locked` or `factor_missing`.
 */
export const createSigningKey = (ctx: Context, { key_id, algorithm, public_key, code }: Input): Promise<Result<WireSigningKey>> => {
  const { actor, services, tenantId } = ctx;
  const id = services.entropy.newId();
  return ctx.inTenant(async (stores) => {
    const entry = { subject: { type: 'signing_key', id }, action: 'signing_key.create', detail: { api_key_id: key_id, algorithm } } as const;
    const refused = ({ refusal }: { refusal: Refusal }) => refusedAndAudited(stores, entry, refusal);
    if (actor.type !== 'user') return refused(refuse('forbidden', 'Only a person signed in as themselves makes signing keys.'));
    const apiKey = await stores.signingKeys.apiKey(key_id);
    if (!apiKey?.isInForce) return refused(refuse('not_found', 'This workspace has no such API key in force.'));
    if (apiKey.ownerPersonId !== actor.personId) return refused(refuse('forbidden', 'Only the owner of an API key makes keys that sign its calls.'));
    const unproven = await proveByCode(ctx, stores, actor.personId, code);
    if (unproven) return refused({ refusal: unproven });
    const secret = algorithm === 'hmac-sha256' ? services.entropy.bytes(SECRET_BYTES) : null;
    const row = await stores.signingKeys.insert({
      id,
      apiKeyId: key_id,
      algorithm,
      publicKey: public_key === undefined ? null : Buffer.from(public_key, 'base64'),
      sealedSecret: secret && (await services.vault.seal(stores.keys, secretPlace(tenantId, id), secret)),
      createdBy: actor.personId,
    });
    await stores.audit.append({ ...entry, result: 'ok' });
    return answer({ ...toWireSigningKey(row), ...(secret ? { secret: Buffer.from(secret).toString('base64') } : {}) });
  });
};
