import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { z } from 'zod';
import type { passkeyEnrolment, requestOptions } from '../../contracts/passkeys.js';
import type { WireAssertion, WireRegistration } from '../../operations/passkey/ports.js';

/** Whom the passkeys of the test worlds belong to. */
export const RELYING_PARTY = { id: 'localhost', origin: 'http://localhost:8080' };

type CreationOptions = z.infer<typeof passkeyEnrolment>['options'];
type RequestOptions = z.infer<typeof requestOptions>;

/** How an answer differs from an honest one. */
export interface Twist {
  origin?: string;
  type?: string;
  challenge?: string;
  crossOrigin?: boolean;
  /** The host whose hash the authenticator signs. */
  rpId?: string;
  /** Flags besides those of attested data: by default user present and user verified. */
  flags?: number;
  /** The counter that it says; by default it counts every use. */
  count?: number;
  /** Changes the signature after it was made. */
  signature?: (made: Buffer) => Buffer;
  userHandle?: string | null;
  /** The key of a new passkey, as COSE_Key; by default its own. */
  publicKey?: Buffer;
  /** The credential that the answer names. */
  id?: Buffer;
  /** The statement of an attestation, by its format. */
  attestation?: { fmt: string; attStmt: Map<string, Cbor> };
}

export const USER_PRESENT = 0x01;
export const USER_VERIFIED = 0x04;
const ATTESTED = 0x40;

/** Changes a signature in one bit. */
export const otherSignature = (made: Buffer): Buffer => Buffer.concat([made.subarray(0, -1), Buffer.of((made.at(-1) ?? 0) ^ 1)]);

/** Twists by which no answer to a server holds, whatever it was asked. */
export const TWISTS: readonly [string, Twist][] = [
  ['of another origin', { origin: 'https://sluice.example.net' }],
  ['to another challenge', { challenge: Buffer.alloc(32).toString('base64url') }],
  ['without verification of the user', { flags: USER_PRESENT }],
  ['without presence of the user', { flags: USER_VERIFIED }],
  ['for another host', { rpId: 'sluice.example.net' }],
];
/** Those of an answer that signs. */
export const SIGNED_TWISTS: readonly [string, Twist][] = [
  ...TWISTS,
  ['of an enrolment', { type: 'webauthn.create' }],
  ['with another signature', { signature: otherSignature }],
];

type Cbor = number | string | Buffer | Map<string | number, Cbor> | Cbor[];

/** CBOR (RFC 8949) of what attestations and keys are made of. */
const cbor = (value: Cbor): Buffer => {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cbor)]);
  return Buffer.concat([head(5, value.size), ...[...value].flatMap(([name, member]) => [cbor(name), cbor(member)])]);
};

const head = (major: number, argument: number): Buffer => {
  const first = major << 5;
  if (argument < 24) return Buffer.of(first | argument);
  if (argument < 256) return Buffer.of(first | 24, argument);
  return Buffer.of(first | 25, argument >> 8, argument & 0xff);
};

const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest();

/** COSE_Key of a P-256 key (RFC 9053, section 7.1.1). */
const coseKey = (publicKey: KeyObject): Buffer => {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const members: [number, Cbor][] = [
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, Buffer.from(x, 'base64url')],
    [-3, Buffer.from(y, 'base64url')],
  ];
  return cbor(new Map<string | number, Cbor>(members));
};

/** COSE_Key of an RSA key for RS256 (RFC 8230, section 4) with a modulus of so many bytes, which nobody has the private key of. */
export const rsaCoseKey = (modulusBytes: number): Buffer => {
  const members: [number, Cbor][] = [
    [1, 3],
    [3, -257],
    [-1, randomBytes(modulusBytes)],
    [-2, Buffer.of(1, 0, 1)],
  ];
  return cbor(new Map<string | number, Cbor>(members));
};

const clientData = (type: string, challenge: string, twist: Twist): Buffer =>
  Buffer.from(
    JSON.stringify({
      type: twist.type ?? type,
      challenge: twist.challenge ?? challenge,
      origin: twist.origin ?? RELYING_PARTY.origin,
      crossOrigin: twist.crossOrigin ?? false,
    }),
  );

const countBytes = (count: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(count);
  return bytes;
};

/**
 * An authenticator in software with one passkey (Web Authentication Level 3, section 6): ES256, a key that was made just now, attestation `none`. It
 * answers what it is asked, or with a twist.
 * @param counts whether it counts its uses, as security keys do; what is kept on several devices says 0 for ever
 */
export const newAuthenticator = ({ counts = true } = {}) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const credentialId = randomBytes(32);
  let used = 0;
  let userHandle = '';

  const authenticatorData = (rpId: string, flags: number, twist: Twist, attested = Buffer.alloc(0)): Buffer => {
    used += counts ? 1 : 0;
    return Buffer.concat([sha256(twist.rpId ?? rpId), Buffer.of(flags), countBytes(twist.count ?? used), attested]);
  };

  return {
    credentialId,
    publicKey: coseKey(publicKey),

    /** What a browser answers to an enrolment. */
    create: (options: CreationOptions, twist: Twist = {}): WireRegistration => {
      userHandle = options.user.id;
      const id = twist.id ?? credentialId;
      const attested = Buffer.concat([Buffer.alloc(16), Buffer.of(id.length >> 8, id.length & 0xff), id, twist.publicKey ?? coseKey(publicKey)]);
      const data = authenticatorData(options.rp.id, (twist.flags ?? USER_PRESENT | USER_VERIFIED) | ATTESTED, twist, attested);
      const { fmt, attStmt } = twist.attestation ?? { fmt: 'none', attStmt: new Map<string, Cbor>() };
      const object = cbor(
        new Map<string | number, Cbor>([
          ['fmt', fmt],
          ['attStmt', attStmt],
          ['authData', data],
        ]),
      );
      return {
        ...named(id),
        response: {
          clientDataJSON: clientData('webauthn.create', options.challenge, twist).toString('base64url'),
          attestationObject: object.toString('base64url'),
        },
      };
    },

    /** What a browser answers to a request for a passkey. */
    get: (options: RequestOptions, twist: Twist = {}): WireAssertion => {
      const data = authenticatorData(options.rpId, twist.flags ?? USER_PRESENT | USER_VERIFIED, twist);
      const client = clientData('webauthn.get', options.challenge, twist);
      const made = sign('sha256', Buffer.concat([data, sha256(client)]), privateKey);
      return {
        ...named(twist.id ?? credentialId),
        response: {
          clientDataJSON: client.toString('base64url'),
          authenticatorData: data.toString('base64url'),
          signature: (twist.signature?.(made) ?? made).toString('base64url'),
          userHandle: twist.userHandle === undefined ? userHandle : twist.userHandle,
        },
      };
    },
  };
};

export type Authenticator = ReturnType<typeof newAuthenticator>;

const named = (id: Buffer) => {
  const text = id.toString('base64url');
  return { id: text, rawId: text, type: 'public-key' as const, clientExtensionResults: {} };
};
