import type { z } from 'zod';
import type { passkeyEnrolment, requestOptions as requestContract } from '../../contracts/passkeys.js';
import { PASSKEY_ALGORITHMS, PASSKEY_MS, type RelyingParty } from '../../domain/passkey.js';

type CreationOptions = z.infer<typeof passkeyEnrolment>['options'];
type RequestOptions = z.infer<typeof requestContract>;

/** How browsers read bytes in JSON (Web Authentication, section 5.10). */
export const toBase64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
export const fromBase64url = (text: string): Uint8Array => Buffer.from(text, 'base64url');

/** The user handle of a person: an authenticator gives it back at sign-in. It is their id, which tells strangers nothing. */
export const userHandleOf = (personId: string): string => toBase64url(Buffer.from(personId.replaceAll('-', ''), 'hex'));

const descriptors = (credentialIds: readonly Uint8Array[]) => credentialIds.map((id) => ({ id: toBase64url(id), type: 'public-key' as const }));

/** PublicKeyCredentialCreationOptionsJSON for a passkey that is kept by its authenticator and verifies who uses it. */
export const creationOptions = (
  { id }: RelyingParty,
  whose: { personId: string; name: string; email: string },
  challenge: Uint8Array,
  known: readonly Uint8Array[],
): CreationOptions => ({
  rp: { id, name: 'Sluice' },
  user: { id: userHandleOf(whose.personId), name: whose.email, displayName: whose.name },
  challenge: toBase64url(challenge),
  pubKeyCredParams: PASSKEY_ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
  timeout: PASSKEY_MS,
  attestation: 'none',
  authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
  excludeCredentials: descriptors(known),
});

/** PublicKeyCredentialRequestOptionsJSON for one of these passkeys, or for any of this installation where none is named. */
export const requestOptions = ({ id }: RelyingParty, challenge: Uint8Array, allowed?: readonly Uint8Array[]): RequestOptions => ({
  challenge: toBase64url(challenge),
  rpId: id,
  timeout: PASSKEY_MS,
  userVerification: 'required',
  ...(allowed ? { allowCredentials: descriptors(allowed) } : {}),
});
