import { z } from 'zod';
import { password } from './access.js';
import { anyCode, id, line, name, timestamp, wireId } from './wire.js';

/**
 * What browsers and servers exchange for passkeys: the JSON forms of Web Authentication Level 3, section 5.1.10, whose members have the
 * names that the standard gives them.
 */

/** Bytes in base64url without padding (RFC 4648, section 5), of at most so many bytes. */
const bytes = (max: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'base64url without padding')
    .max(Math.ceil((max * 4) / 3));

/** Level 3, section 4: a credential id has at most 1,023 bytes. */
const credentialId = bytes(1_023);
const CLIENT_DATA_MAX = 2_048;

/** As browsers write it. Nothing that extensions say is read. */
const credentialMembers = {
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  authenticatorAttachment: line(32).nullable().optional(),
  clientExtensionResults: z.record(z.string(), z.unknown()),
};

/** RegistrationResponseJSON. What browsers copy out of the attestation object is not read. */
export const registration = z
  .strictObject({
    ...credentialMembers,
    response: z.strictObject({
      clientDataJSON: bytes(CLIENT_DATA_MAX),
      attestationObject: bytes(3_072),
      authenticatorData: bytes(3_072).optional(),
      transports: z.array(line(32)).max(16).optional(),
      publicKeyAlgorithm: z.number().int().nullable().optional(),
      publicKey: bytes(1_024).nullable().optional(),
    }),
  })
  .meta({ id: 'PasskeyRegistration', secret: true });

/** AuthenticationResponseJSON. */
export const assertion = z
  .strictObject({
    ...credentialMembers,
    response: z.strictObject({
      clientDataJSON: bytes(CLIENT_DATA_MAX),
      authenticatorData: bytes(1_024),
      signature: bytes(1_024),
      userHandle: bytes(64).nullable().optional(),
    }),
  })
  .meta({ id: 'PasskeyAssertion', secret: true });

const descriptor = z.object({ id: z.string(), type: z.literal('public-key') });

/** PublicKeyCredentialRequestOptionsJSON. */
export const requestOptions = z
  .object({
    challenge: z.string(),
    rpId: z.string(),
    /** ms */
    timeout: z.number().int(),
    userVerification: z.literal('required'),
    /** Absent: any passkey of this installation. */
    allowCredentials: z.array(descriptor).optional(),
  })
  .meta({ id: 'PasskeyRequestOptions' });

export const enrolPasskey = z.strictObject({
  /** For its owner, such as the device that it is on. */
  name: name(60),
  /** The present one: of people who have no second factor. */
  password: password.optional(),
  /** Of an authenticator, or a recovery code: of people who have a second factor. */
  code: anyCode.optional(),
});

export const passkeyEnrolment = z
  .object({
    object: z.literal('passkey_enrolment'),
    /** Of the factor that waits for its passkey. */
    id: wireId,
    /** PublicKeyCredentialCreationOptionsJSON, for `navigator.credentials.create`. */
    options: z.object({
      rp: z.object({ id: z.string(), name: z.string() }),
      user: z.object({ id: z.string(), name: z.string(), displayName: z.string() }),
      challenge: z.string(),
      pubKeyCredParams: z.array(z.object({ type: z.literal('public-key'), alg: z.number().int() })),
      /** ms */
      timeout: z.number().int(),
      attestation: z.literal('none'),
      authenticatorSelection: z.object({
        residentKey: z.literal('required'),
        requireResidentKey: z.literal(true),
        userVerification: z.literal('required'),
      }),
      excludeCredentials: z.array(descriptor),
    }),
    expires_at: timestamp,
  })
  .meta({ id: 'PasskeyEnrolment' });

export const confirmPasskey = z.strictObject({ credential: registration });

export const passkeyRequest = z
  .object({
    object: z.literal('passkey_request'),
    id: wireId,
    /** For `navigator.credentials.get`. */
    options: requestOptions,
    expires_at: timestamp,
  })
  .meta({ id: 'PasskeyRequest' });

export const createPasskeySession = z.strictObject({
  request_id: id('passkeyRequest'),
  credential: assertion,
  /** For people who belong to several workspaces. Default: the test workspace. */
  workspace_id: id('workspace').optional(),
});
