import { createHmac } from 'node:crypto';
import { KEY_BYTES } from './envelope.js';

/*
 * What is stored of a payee's key: the secret that it is derived with (docs/adr/0042).
 *
 *   1 byte    format, 2; a key of a released version is a sealed field, of format 1
 *   4 bytes   version of the tenant's `payee` key, big-endian
 *   32 bytes  secret, random
 */
const FORMAT = 2;
const VERSION_AT = 1;
const SECRET_AT = 5;
const STORED_BYTES = SECRET_AT + KEY_BYTES;

/** A new secret for a payee under this version of the tenant's key, as it is stored. */
export const newStoredSecret = (version: number, randomBytes: (count: number) => Uint8Array): Uint8Array => {
  const stored = Buffer.alloc(STORED_BYTES);
  stored[0] = FORMAT;
  stored.writeUInt32BE(version, VERSION_AT);
  stored.set(randomBytes(KEY_BYTES), SECRET_AT);
  return stored;
};

/** Whether what is stored is a secret. Otherwise it is a wrapped key of a released version. */
export const isSecret = (stored: Uint8Array): boolean => stored[0] === FORMAT && stored.length === STORED_BYTES;

/** The version of the tenant's key that the secret goes with. */
export const versionOfSecret = (stored: Uint8Array): number => Buffer.from(stored.buffer, stored.byteOffset, stored.length).readUInt32BE(VERSION_AT);

/**
 * The 32-byte key of a payee: HKDF-Expand with SHA-256 (RFC 5869, section 2.3) from the tenant's key. That key is uniformly random, so no
 * extraction is needed (section 3.3). The info names tenant and payee and ends with the payee's secret, so a secret that is moved to
 * another payee gives another key, and without the secret nobody can compute the key: to delete the secret is to delete it (R21).
 */
export const subjectKey = (tenantKey: Uint8Array, tenantId: string, subjectId: string, stored: Uint8Array): Uint8Array =>
  createHmac('sha256', tenantKey)
    .update(`sluice-subject-key-v1 ${tenantId} ${subjectId} `)
    .update(stored.subarray(SECRET_AT))
    .update(FIRST_BLOCK)
    .digest();

/** The counter of the first block of output, the only one that a key needs. */
const FIRST_BLOCK = Uint8Array.of(1);
