import { createHmac, timingSafeEqual, verify } from 'node:crypto';
import type { RequestSignatures } from '../operations/ports.js';
import { publicKeyObject } from './ed25519.js';

/** A shorter key of HMAC-SHA-256 would be easier to guess than the hash (RFC 2104, section 3). */
const SECRET_MIN_BYTES = 32;
const PUBLIC_KEY_BYTES = 32;

/** HMAC-SHA-256 and Ed25519 over a signature base, whose characters are ASCII. */
export const requestSignatures: RequestSignatures = {
  verify: (algorithm, key, base, value) => {
    const bytes = Buffer.from(base, 'ascii');
    switch (algorithm) {
      case 'hmac-sha256': {
        if (key.length < SECRET_MIN_BYTES) return false;
        const expected = createHmac('sha256', key).update(bytes).digest();
        return value.length === expected.length && timingSafeEqual(value, expected);
      }
      case 'ed25519':
        return key.length === PUBLIC_KEY_BYTES && verify(null, bytes, publicKeyObject(key), value);
    }
  },
};
