import { hkdfSync } from 'node:crypto';
import { KEY_BYTES } from './envelope.js';

/** What hangs on the root key: each use has a key of its own, so that no use can stand in for another. */
export type RootUse = 'tenant-keys' | 'factors';

/** HKDF-SHA-256 (RFC 5869) of the root key for one use; 32 bytes. */
export const deriveKey = (root: Uint8Array, use: RootUse): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', root, new Uint8Array(), `sluice-${use}-v1`, KEY_BYTES));
