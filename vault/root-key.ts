import { hkdfSync } from 'node:crypto';
import { KEY_BYTES } from './envelope.js';

/** Uses of the root key. Each use has its own derived key, so that the data of one is useless for the other. */
export type RootUse = 'tenant-keys' | 'factors' | 'gates' | 'memberships' | 'tokens' | 'passwords' | 'rates' | 'mail';

/** HKDF-SHA-256 (RFC 5869) of the root key for one use; 32 bytes. */
export const deriveKey = (root: Uint8Array, use: RootUse): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', root, new Uint8Array(), `sluice-${use}-v1`, KEY_BYTES));
