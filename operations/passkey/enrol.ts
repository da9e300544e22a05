import type { z } from 'zod';
import type { enrolPasskey as contract, passkeyEnrolment } from '../../contracts/passkeys.js';
import { toWireId } from '../../domain/ids.js';
import { CHALLENGE_BYTES, PASSKEY_MS, PASSKEYS_UNAVAILABLE } from '../../domain/passkey.js';
import type { Result } from '../../domain/result.js';
import { PENDING_MS } from '../../domain/second-factor.js';
import type { Context } from '../context.js';
import { announceEnrolled, enrol } from '../factor/enrol.js';
import { creationOptions } from './options.js';

type Enrolment = z.infer<typeof passkeyEnrolment>;

/**
 * Begins with a passkey of the caller, which waits for five minutes, in the place of a factor that waited before. The proof is that of any factor: a code
 * of one, a recovery code, or the password of who has none.
 *
 * Refuses like `enrolFactor`, and with `passkeys_unavailable`.
 */
export const enrolPasskey = async (ctx: Context, { name, ...proof }: z.output<typeof contract>): Promise<Result<Enrolment>> => {
  const { sha256, entropy, passkeys } = ctx.services;
  const { relyingParty } = passkeys;
  if (!relyingParty) return { ok: false, refusal: PASSKEYS_UNAVAILABLE };
  return enrol(ctx, proof, async (stores, { personId }) => {
    const challenge = entropy.bytes(CHALLENGE_BYTES);
    const known = (await stores.factors.list(PENDING_MS)).flatMap(({ credentialId }) => credentialId ?? []);
    const member = (await stores.memberships.names([personId])).get(personId);
    const waiting = { id: entropy.newId(), personId, kind: 'passkey', name, sealed: new Uint8Array(), challengeHash: sha256(challenge) } as const;
    const row = await stores.factors.replacePending(waiting);
    await announceEnrolled(stores, row);
    return {
      object: 'passkey_enrolment',
      id: toWireId('factor', row.id),
      options: creationOptions(relyingParty, { personId, name: member?.name ?? name, email: member?.email ?? name }, challenge, known),
      expires_at: new Date(row.createdAt.getTime() + PASSKEY_MS).toISOString(),
    };
  });
};
