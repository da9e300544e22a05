import { createHash } from 'node:crypto';
import { bareRecoveryCode, groupedRecoveryCode, RECOVERY_ALPHABET, RECOVERY_LENGTH } from '../domain/second-factor.js';

/** New recovery codes and their hashes. 32 divides 256, so each character has its whole 5 bits. */
export const newRecoveryCodes = (count: number, randomBytes: (count: number) => Uint8Array): { codes: string[]; hashes: Uint8Array[] } => {
  const bare = Array.from({ length: count }, () => Array.from(randomBytes(RECOVERY_LENGTH), (byte) => RECOVERY_ALPHABET[byte % 32]).join(''));
  return { codes: bare.map(groupedRecoveryCode), hashes: bare.map(hashOf) };
};

/** The SHA-256 of a recovery code as somebody typed it; null when it is none. */
export const hashRecoveryCode = (typed: string): Uint8Array | null => {
  const bare = bareRecoveryCode(typed);
  return bare === null ? null : hashOf(bare);
};

const hashOf = (bare: string): Uint8Array => createHash('sha256').update(`sluice recovery code ${bare}`).digest();
