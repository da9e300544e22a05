import { createPublicKey, hash, verify } from 'node:crypto';
import { parseVerifierKey, type VerifierKey, type VerifyEd25519 } from '../../domain/audit/checkpoint.js';
import type { Sha256 } from '../../domain/hashing.js';

/** What an offline verifier needs of the platform: SHA-256 and Ed25519, and nothing of Sluice's own vault. */
export const sha256: Sha256 = (...parts) => hash('sha256', Buffer.concat(parts), 'buffer');

/** SubjectPublicKeyInfo of an Ed25519 key (RFC 8410) up to the key itself. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

export const verifyEd25519: VerifyEd25519 = (publicKey, message, signature) =>
  verify(null, message, createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' }), signature);

/** Reads a C2SP verifier key (`name+hash+key`). Throws an Error when it is malformed. */
export const readVerifierKey = (text: string): VerifierKey => {
  const key = parseVerifierKey(sha256, text);
  if (!key) throw new Error('this is no Ed25519 verifier key of the form name+hash+key');
  return key;
};
