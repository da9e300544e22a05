import { createCipheriv, createDecipheriv, hash } from 'node:crypto';

/**
 * A sealed field (AES-256-GCM, NIST SP 800-38D). The ciphertext names the key that it needs:
 *
 *   1 byte    format, 1
 *   8 bytes   key id: first bytes of SHA-256 over a tag and the key
 *   4 bytes   key version, big-endian
 *   12 bytes  nonce, random
 *   n bytes   ciphertext
 *   16 bytes  tag
 *
 * Associated data is the canonical JSON (RFC 8785) of format, key id, key version and place. So a ciphertext opens only with
 * its own key and version, and only in its own tenant, purpose, record and field.
 */
export interface Place {
  tenantId: string;
  purpose: string;
  record: string;
  field: string;
}

export interface VersionedKey {
  key: Uint8Array;
  version: number;
}

export const KEY_BYTES = 32;
const FORMAT = 1;
const KEY_ID_BYTES = 8;
const NONCE_AT = 13;
const BODY_AT = 25;
const TAG_BYTES = 16;
const NONCE_BYTES = BODY_AT - NONCE_AT;
const CIPHER = 'aes-256-gcm';

/** Encrypts `plain` for one place. The ciphertext has `plain.length + 41` bytes. */
export const seal = (under: VersionedKey, place: Place, plain: Uint8Array, randomBytes: (count: number) => Uint8Array): Uint8Array => {
  const sealed = Buffer.allocUnsafe(BODY_AT + plain.length + TAG_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  sealed[0] = FORMAT;
  sealed.write(keyId(under.key), 1, KEY_ID_BYTES, 'latin1');
  sealed.writeUInt32BE(under.version, 9);
  sealed.set(nonce, NONCE_AT);
  const cipher = createCipheriv(CIPHER, under.key, nonce);
  cipher.setAAD(associatedData(sealed, place));
  sealed.set(cipher.update(plain), BODY_AT);
  cipher.final();
  sealed.set(cipher.getAuthTag(), BODY_AT + plain.length);
  return sealed;
};

/** Decrypts. Throws when the ciphertext was changed, the place or the key is another one, or the format is unknown. */
export const open = (key: Uint8Array, place: Place, sealed: Uint8Array): Uint8Array => {
  const bytes = viewOf(sealed);
  requireFormat(bytes);
  const end = bytes.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(NONCE_AT, BODY_AT), { authTagLength: TAG_BYTES });
  decipher.setAAD(associatedData(bytes, place));
  decipher.setAuthTag(bytes.subarray(end));
  const plain = decipher.update(bytes.subarray(BODY_AT, end));
  try {
    decipher.final();
  } catch {
    throw new Error(`the ${place.field} of ${place.purpose} ${place.record} does not open: it was changed, moved, or sealed under another key`);
  }
  return plain;
};

/** The key version that a ciphertext names. */
export const versionOf = (sealed: Uint8Array): number => {
  const bytes = viewOf(sealed);
  requireFormat(bytes);
  return bytes.readUInt32BE(9);
};

/** One byte a character. The hash names the key that is needed; about a random key it reveals nothing. */
const keyId = (key: Uint8Array): string => hash('sha256', Buffer.concat([KEY_ID_TAG, key]), 'binary').slice(0, KEY_ID_BYTES);

const KEY_ID_TAG = Buffer.from('sluice-key-id-v1');

/** An array of strings and small integers has only one JSON text, so `JSON.stringify` returns the canonical form. */
const associatedData = (sealed: Buffer, place: Place): Buffer =>
  Buffer.from(
    JSON.stringify([
      'sluice-seal-v1',
      sealed.toString('hex', 1, 9),
      sealed.readUInt32BE(9),
      place.tenantId,
      place.purpose,
      place.record,
      place.field,
    ]),
  );

const requireFormat = (bytes: Buffer): void => {
  if (bytes.length < BODY_AT + TAG_BYTES || bytes[0] !== FORMAT) throw new Error('this is no sealed field of a known format');
};

const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
