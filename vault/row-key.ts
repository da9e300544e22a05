import { createHmac, timingSafeEqual } from 'node:crypto';
import type { GateKey } from '../operations/ports.js';
import type { KeyFile } from './key-file.js';
import { deriveKey, type RootUse } from './root-key.js';

/** A key of the installation that authenticates rows: derived from the root key for one use, so that no database and no role of one has it. */
export const openRowKey = (keyFile: Pick<KeyFile, 'root'>, use: RootUse): GateKey => {
  const key = deriveKey(keyFile.root.key, use);
  const authenticate = (row: Uint8Array): Uint8Array => createHmac('sha256', key).update(row).digest();
  return {
    authenticate,
    isAuthentic: (row, authenticator) => {
      const expected = authenticate(row);
      return authenticator.length === expected.length && timingSafeEqual(authenticator, expected);
    },
  };
};
