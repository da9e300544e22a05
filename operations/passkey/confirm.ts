import { sameBytes } from '../../domain/hashing.js';
import { toWireId } from '../../domain/ids.js';
import { PASSKEY_MS, PASSKEYS_UNAVAILABLE } from '../../domain/passkey.js';
import { type Result, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import { makeCount, NONE_WAITS } from '../factor/confirm.js';
import { personalEntry, refusedEverywhere } from '../factor/tell.js';
import type { WireFactor } from '../factor/view.js';
import { authenticatePasskey } from './authentic.js';
import type { WireRegistration } from './ports.js';

/**
 * Makes a passkey of the caller count, by what its authenticator answered to the challenge of the enrolment, which is used up whatever the answer was.
 * It decides nothing until it has rested. With the first factor come ten recovery codes, in this answer alone.
 *
 * Refuses with `forbidden` (no person), `not_found` (no such passkey waits, or it waited for too long), `passkey_wrong` (then the enrolment is void),
 * `too_many_factors` or `passkeys_unavailable`.
 */
export const confirmPasskey = async (ctx: Context, input: { factor_id: string; credential: WireRegistration }): Promise<Result<WireFactor>> => {
  const { actor, services } = ctx;
  if (actor.type !== 'user') return refuse('forbidden', 'Only a person who signed in has second factors.');
  const { personId } = actor;
  const { relyingParty } = services.passkeys;
  if (!relyingParty) return { ok: false, refusal: PASSKEYS_UNAVAILABLE };
  return ctx.inTenant(async (stores): Promise<Result<WireFactor>> => {
    const entry = personalEntry(personId, 'factor.confirm');
    await stores.factors.lockEnrolment(personId);
    const pending = await stores.factors.lockPending(input.factor_id, PASSKEY_MS);
    const asked = pending?.challengeHash;
    if (!pending || !asked) return refusedEverywhere(stores, entry, NONE_WAITS);
    const about = { ...entry, detail: { factor_id: toWireId('factor', pending.id), kind: pending.kind } };
    const isChallenge = (challenge: Uint8Array) => sameBytes(services.sha256(challenge), asked);
    const made = await services.passkeys.verifyRegistration(input.credential, { isChallenge, relyingParty });
    if (!made || !(await stores.factors.isNewCredential(made.credentialId))) {
      await stores.factors.forgetPending(pending.id);
      return refusedEverywhere(stores, about, WRONG);
    }
    const passkey = { ...made, rpId: relyingParty.id };
    const authenticator = authenticatePasskey(ctx, { ...passkey, factorId: pending.id, personId });
    return makeCount(ctx, stores, about, { ...pending, ...passkey, authenticator, usedAt: stores.now }, (gatesFrom) =>
      stores.factors.confirmPasskey(pending.id, { ...passkey, authenticator }, gatesFrom),
    );
  });
};

const WRONG = refuse(
  'passkey_wrong',
  'This is no answer of a new passkey to this enrolment, which is void now. Begin a new one, and let the passkey verify that it is you.',
).refusal;
