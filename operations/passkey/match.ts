import { sameBytes } from '../../domain/hashing.js';
import { toWireId } from '../../domain/ids.js';
import { type Assertion, isNextCount, PASSKEYS_UNAVAILABLE } from '../../domain/passkey.js';
import { ok, type Refusal, type Result, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import { personalEntry, tellByLetter, writeEverywhere } from '../factor/tell.js';
import type { Stores } from '../ports.js';
import type { ConfirmedPasskey, FactorRow, LockedFactors } from '../stores/factors.js';
import { isAuthenticPasskey } from './authentic.js';
import { fromBase64url } from './options.js';
import type { WireAssertion } from './ports.js';

/** The passkey that signed, what it signed, and its counter after that. */
export interface MatchedPasskey {
  factor: FactorRow;
  signCount: number;
  assertion: Assertion;
}

/**
 * The passkey of these factors, which are locked, that signed this answer for the challenge. Refuses with `passkeys_unavailable`, `passkey_wrong`, or
 * `passkey_copied`, which the person is told of (Web Authentication, section 7.2, step 22). A wrong answer is counted by nobody: nobody guesses a
 * signature, and whoever has stolen a session must not lock its owner out (ADR 0076). Uses up nothing.
 */
export const matchPasskey = async (
  ctx: Context,
  stores: Stores,
  factors: LockedFactors | null,
  answered: WireAssertion,
  isChallenge: (challenge: Uint8Array) => boolean,
): Promise<Result<MatchedPasskey>> => {
  const { relyingParty, verifyAssertion } = ctx.services.passkeys;
  if (!relyingParty) return { ok: false, refusal: PASSKEYS_UNAVAILABLE };
  const credentialId = fromBase64url(answered.id);
  const factor = factors?.all.find((one) => one.credentialId !== null && sameBytes(one.credentialId, credentialId));
  const passkey = factor && ownPasskey(ctx, factor);
  if (!factor || !passkey || passkey.rpId !== relyingParty.id) return WRONG;
  const assertion = assertionOf(answered);
  const isOrigin = (origin: string) => origin === relyingParty.origin;
  const verified = await verifyAssertion(assertion, { ...passkey, isChallenge, isOrigin });
  if (!verified) return WRONG;
  const { signCount } = verified;
  return isNextCount(passkey.signCount, signCount)
    ? ok({ factor, signCount, assertion })
    : { ok: false, refusal: await tellOfCopy(ctx, stores, factor) };
};

/** Notes the use of a passkey. Refuses when its counter did not go on; null when it did. */
export const spendPasskey = async (stores: Stores, { factor, signCount }: MatchedPasskey): Promise<Refusal | null> =>
  (await stores.factors.usePasskey(factor.id, signCount)) ? null : COPIED;

/** What is kept of a passkey that this installation confirmed; null of another factor, and of one whose row was changed. */
export const ownPasskey = (
  ctx: Context,
  { id, personId, credentialId, publicKey, rpId, signCount, authenticator }: FactorRow,
): ConfirmedPasskey | null => {
  if (!credentialId || !publicKey || rpId === null || !authenticator) return null;
  const passkey = { credentialId, publicKey, rpId, signCount, authenticator };
  return isAuthenticPasskey(ctx, { ...passkey, factorId: id, personId }) ? passkey : null;
};

const assertionOf = ({ response }: WireAssertion): Assertion => ({
  authenticatorData: fromBase64url(response.authenticatorData),
  clientData: fromBase64url(response.clientDataJSON),
  signature: fromBase64url(response.signature),
});

const tellOfCopy = async (ctx: Context, stores: Stores, { id, personId, name }: FactorRow): Promise<Refusal> => {
  await tellByLetter(ctx, stores, personId, { template: 'passkey_copied', params: { name, at: stores.now.toISOString() } });
  await writeEverywhere(stores, { ...personalEntry(personId, 'factor.use'), result: COPIED.code, detail: { factor_id: toWireId('factor', id) } });
  return COPIED;
};

export const WRONG = refuse(
  'passkey_wrong',
  'This is no answer of a passkey of yours to this challenge. Try again, and let the passkey verify that it is you; or give a code.',
);

const COPIED = refuse(
  'passkey_copied',
  'The counter of this passkey went back, as it does when its key was copied. Remove it with another factor, and enrol a new one.',
).refusal;
