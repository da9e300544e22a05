import { createHmac, timingSafeEqual } from 'node:crypto';
import type { GateKey } from '../operations/ports.js';
import type { KeyFile } from './key-file.js';
import { deriveKey } from './root-key.js';

/** The key of the installation that authenticates gates: derived from the root key, so that no database and no role of one has it. */
export const openGateKey = (keyFile: Pick<KeyFile, 'root'>): GateKey => {
  const key = deriveKey(keyFile.root.key, 'gates');
  const authenticate = (gate: Uint8Array): Uint8Array => createHmac('sha256', key).update(gate).digest();
  return {
    authenticate,
    isAuthentic: (gate, authenticator) => {
      const expected = authenticate(gate);
      return authenticator.length === expected.length && timingSafeEqual(authenticator, expected);
    },
  };
};
