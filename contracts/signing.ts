import { z } from 'zod';
import { SIGNATURE_ALGORITHMS } from '../domain/http-signature/profile.js';
import { code, timestamp, wireId } from './wire.js';

/** 32 bytes in base64 (RFC 4648, section 4). */
const PUBLIC_KEY = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

export const createSigningKey = z
  .strictObject({
    algorithm: z.enum(SIGNATURE_ALGORITHMS),
    /** Of ed25519: the public key that the caller made, its 32 bytes (RFC 8032) in base64. The private key never leaves the caller. */
    public_key: z.string().max(44).regex(PUBLIC_KEY, 'the 32 bytes of an Ed25519 public key in base64').optional(),
    code,
  })
  .refine(({ algorithm, public_key }) => (algorithm === 'ed25519') === (public_key !== undefined), {
    path: ['public_key'],
    message: 'ed25519 needs the public key that you made; of hmac-sha256 the secret is made here, so leave it out',
    params: { reason: 'of_algorithm' },
  });

export const signingKey = z
  .object({
    object: z.literal('signing_key'),
    /** The `keyid` of its signatures. */
    id: wireId,
    api_key_id: wireId,
    algorithm: z.enum(SIGNATURE_ALGORITHMS),
    /** Of ed25519, in base64. */
    public_key: z.string().nullable(),
    created_by: wireId,
    created_at: timestamp,
    revoked_at: timestamp.nullable(),
    /** Of hmac-sha256: 32 bytes in base64. Shown once, at creation. */
    secret: z.string().optional(),
  })
  .meta({ id: 'SigningKey' });

/** What a workspace asks of the calls of its machines. */
export const signing = z
  .object({
    object: z.literal('signing'),
    workspace_id: wireId,
    mode: z.enum(['live', 'test']),
    /** Since when machine calls that change something have to be signed; null where they need not be. */
    required_at: timestamp.nullable(),
  })
  .meta({ id: 'Signing' });
