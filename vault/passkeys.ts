import type { RegistrationResponseJSON } from '@simplewebauthn/server';
import { PASSKEY_ALGORITHMS, PUBLIC_KEY_BYTES_MAX, type RelyingParty } from '../domain/passkey.js';
import type { Passkeys, WireRegistration } from '../operations/passkey/ports.js';

/** Loaded when it is first needed, and outside of what a failure means: its ASN.1 is of no use to a process that nobody shows a passkey. */
const library = async () => {
  const [server, helpers] = await Promise.all([import('@simplewebauthn/server'), import('@simplewebauthn/server/helpers')]);
  return { ...server, ...helpers };
};
type DecodeAttestation = Awaited<ReturnType<typeof library>>['decodeAttestationObject'];

const bytesOf = (base64url: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(base64url, 'base64url'));
const base64urlOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/** Verifies answers of authenticators by @simplewebauthn/server, which throws at whatever does not hold: to callers that is null. */
export const openPasskeys = (relyingParty: RelyingParty | null): Passkeys => ({
  relyingParty,

  verifyRegistration: async (answer, { isChallenge, relyingParty: { id, origin } }) => {
    const { decodeAttestationObject, verifyRegistrationResponse } = await library();
    return orNull(async () => {
      if (!isAnonymous(decodeAttestationObject, answer) || readClientData(bytesOf(answer.response.clientDataJSON)).crossOrigin) return null;
      const { verified, registrationInfo } = await verifyRegistrationResponse({
        response: toRegistration(answer),
        expectedChallenge: (given) => isChallenge(bytesOf(given)),
        expectedOrigin: origin,
        expectedRPID: id,
        requireUserVerification: true,
        supportedAlgorithmIDs: [...PASSKEY_ALGORITHMS],
      });
      if (!verified || base64urlOf(bytesOf(answer.id)) !== registrationInfo.credential.id) return null;
      const { credential } = registrationInfo;
      if (credential.publicKey.length > PUBLIC_KEY_BYTES_MAX) return null;
      return { credentialId: bytesOf(credential.id), publicKey: credential.publicKey, signCount: credential.counter };
    });
  },

  verifyAssertion: async ({ authenticatorData, clientData, signature }, { isChallenge, isOrigin, rpId, publicKey }) => {
    const { verifyAuthenticationResponse } = await library();
    return orNull(async () => {
      const { origin, crossOrigin } = readClientData(clientData);
      if (crossOrigin || !isOrigin(origin)) return null;
      // The caller has found the key already; its name has no part in what is signed.
      const id = 'key';
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        response: {
          ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {} },
          response: {
            clientDataJSON: base64urlOf(clientData),
            authenticatorData: base64urlOf(authenticatorData),
            signature: base64urlOf(signature),
          },
        },
        expectedChallenge: (given) => isChallenge(bytesOf(given)),
        expectedOrigin: origin,
        expectedRPID: rpId,
        requireUserVerification: true,
        // Whoever knows the counter of before judges the new one.
        credential: { id, publicKey: Uint8Array.from(publicKey), counter: 0 },
      });
      return verified ? { signCount: authenticationInfo.newCounter } : null;
    });
  },
});

/** `crossOrigin`: a page of another origin held ours in a frame (Web Authentication, section 5.8.1). Ours may be framed by nobody. */
const readClientData = (bytes: Uint8Array): { origin: string; crossOrigin: boolean } => {
  const { origin, crossOrigin } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { origin: string; crossOrigin?: boolean };
  return { origin, crossOrigin: crossOrigin === true };
};

/** The answer of a verification that throws at what does not hold. */
const orNull = async <T>(verify: () => Promise<T | null>): Promise<T | null> => {
  try {
    return await verify();
  } catch {
    return null;
  }
};

/**
 * Whether an attestation names no make of authenticator: `none`, or `packed` that the new key itself signed, which clients leave as it is. The statements
 * of makers are not read: they bring certificates, and to check these the library would ask addresses that they name.
 */
const isAnonymous = (decodeAttestationObject: DecodeAttestation, { response }: WireRegistration): boolean => {
  const attestation = decodeAttestationObject(bytesOf(response.attestationObject));
  const format = attestation.get('fmt');
  return format === 'none' || (format === 'packed' && attestation.get('attStmt').get('x5c') === undefined);
};

const toRegistration = ({ id, rawId, type, response }: WireRegistration): RegistrationResponseJSON => ({
  id,
  rawId,
  type,
  clientExtensionResults: {},
  response: { clientDataJSON: response.clientDataJSON, attestationObject: response.attestationObject },
});
