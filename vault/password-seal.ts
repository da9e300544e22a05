import { canonicalBytes } from '../domain/hashing.js';
import type { KeyFile } from './key-file.js';
import { openRowKey } from './row-key.js';

/** Ends the hash of a password (PHC string), which has no such character; the seal in base64url follows. */
const MARK = '~';

/**
 * Binds the hash of a password to its person, under a key of the installation: a hash that SQL writes, or takes from somebody else, is nobody's. Nor
 * is one without a seal (docs/adr/0075).
 */
export const openPasswordSeal = (keyFile: Pick<KeyFile, 'root'>) => {
  const key = openRowKey(keyFile, 'passwords');
  const bytes = (personId: string, hash: string) => canonicalBytes({ domain: 'sluice-password-v1', person_id: personId, hash });
  return {
    seal: (personId: string, hash: string): string => `${hash}${MARK}${Buffer.from(key.authenticate(bytes(personId, hash))).toString('base64url')}`,
    /** The hash, and whether it is this person's. */
    open: (personId: string, stored: string): { hash: string; authentic: boolean } => {
      const [hash = '', seal = ''] = stored.split(MARK);
      return { hash, authentic: key.isAuthentic(bytes(personId, hash), Buffer.from(seal, 'base64url')) };
    },
  };
};
