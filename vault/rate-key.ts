import { createHmac } from 'node:crypto';
import type { KeyFile } from './key-file.js';
import { deriveKey } from './root-key.js';

/**
 * Names who is counted by an HMAC-SHA-256 under a key of the installation, in base64url: all processes find the same counter, and whoever
 * reads the table learns no address.
 */
export const openRateKey = (keyFile: Pick<KeyFile, 'root'>): ((key: string) => string) => {
  const key = deriveKey(keyFile.root.key, 'rates');
  return (text) => createHmac('sha256', key).update(text).digest('base64url');
};
