import { randomBytes } from 'node:crypto';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import { generateSecret, generateURI, verify as verifyTotp } from 'otplib';
import { canonicalPassword } from '../domain/password.js';
import type { Credentials, SealedFactor } from '../operations/ports.js';
import { open, seal } from './envelope.js';
import { HASHING, type HashingTerms, limitHashing } from './hashing-limit.js';
import type { KeyFile } from './key-file.js';
import { estimateGuesses } from './password-guesses.js';
import { openPasswordSeal } from './password-seal.js';
import { hashRecoveryCode, newRecoveryCodes } from './recovery-codes.js';
import { deriveKey } from './root-key.js';
import { openRowKey } from './row-key.js';
import { hashToken, newToken } from './tokens.js';

/** Cost of Argon2id (RFC 9106): memory per hash, passes and lanes. */
export interface Argon2Cost {
  memoryKiB: number;
  passes: number;
  lanes: number;
}

/** OWASP's first recommendation for Argon2id: 46 MiB, one pass, one lane. */
export const ARGON2_COST: Argon2Cost = { memoryKiB: 46 * 1_024, passes: 1, lanes: 1 };

/** The value of `Algorithm.Argon2id`: isolated modules cannot read that ambient enum. */
const ARGON2ID = 2;

/** The defaults of authenticator apps for RFC 6238: SHA-1, six digits, 30 s; 160-bit secrets. */
const STEP_SECONDS = 30;
const SECRET_BYTES = 20;
const FACTOR_KEY_VERSION = 1;

/**
 * Tokens of sessions and of links in letters are stored under a key: whoever writes rows by SQL cannot write one for a token of theirs, and so become
 * somebody else. Those of programs live long, and are stored as the SHA-256 alone.
 */
const LETS_PEOPLE_IN = /^sluice_(?:session|link)_/;

/** What seeds need on top of it. */
export interface Enrolment {
  /** Outside the bound on what is hashed at once: for who makes a few people and nobody else is served. */
  hashPassword(password: string, personId: string): Promise<string>;
}

/** What the metrics show of it. */
export interface Hashing {
  /** Passwords that are hashed at this moment, and those that wait for their turn. */
  hashing(): { running: number; waiting: number };
}

export interface CredentialTerms {
  /** Cost of a new hash; tests pass a cheap one. */
  argon2?: Argon2Cost;
  hashing?: HashingTerms;
}

/** Passwords (Argon2id, of their one form), second factors (TOTP) and bearer tokens. */
export const openCredentials = (
  keyFile: Pick<KeyFile, 'root'>,
  { argon2 = ARGON2_COST, hashing = HASHING }: CredentialTerms = {},
): Credentials & Enrolment & Hashing => {
  const factorKey = deriveKey(keyFile.root.key, 'factors');
  const limit = limitHashing(hashing);
  const passwordSeal = openPasswordSeal(keyFile);
  const hashPassword = async (password: string, personId: string): Promise<string> => {
    const cost = { memoryCost: argon2.memoryKiB, timeCost: argon2.passes, parallelism: argon2.lanes };
    return passwordSeal.seal(personId, await hash(canonicalPassword(password), { algorithm: ARGON2ID, ...cost }));
  };
  const tokenKey = openRowKey(keyFile, 'tokens');
  const stored = (token: string, hash: Uint8Array): Uint8Array => (LETS_PEOPLE_IN.test(token) ? tokenKey.authenticate(hash) : hash);
  // Hashed once in advance, so that the first unknown e-mail takes as long as the next.
  const decoy = hashPassword(randomBytes(16).toString('hex'), '');

  return {
    hashPassword,
    hashing: limit.state,
    checkPassword: (stored, password, personId) =>
      limit.run(async () => {
        const { hash, authentic } = passwordSeal.open(personId, stored ?? (await decoy));
        const right = await verify(hash, canonicalPassword(password));
        return right && authentic && stored !== null;
      }),
    newPasswordHash: (password, personId) => limit.run(() => hashPassword(password, personId)),
    isWeakHash: (stored) => isWeaker(passwordSeal.open('', stored).hash, argon2),
    estimateGuesses,
    matchTotp: async (factor, code, now) => {
      if (!/^[0-9]{6}$/.test(code)) return null;
      const secret = Buffer.from(open(factorKey, factorPlace(factor), factor.sealed)).toString('ascii');
      const epoch = Math.floor(now.getTime() / 1_000);
      const match = await verifyTotp({ secret, token: code, epoch, epochTolerance: STEP_SECONDS });
      return match.valid && 'timeStep' in match ? match.timeStep : null;
    },
    newToken: (kind, mode) => {
      const made = newToken(kind, mode, randomBytes);
      return { ...made, hash: stored(made.token, made.hash) };
    },
    hashToken: (token) => {
      const hash = hashToken(token);
      return hash && stored(token, hash);
    },
    newRecoveryCodes: (count) => newRecoveryCodes(count, randomBytes),
    hashRecoveryCode,
    newTotpFactor: async (factor, accountName) => {
      const secret = generateSecret({ length: SECRET_BYTES });
      const place = factorPlace(factor);
      const sealed = seal({ key: factorKey, version: FACTOR_KEY_VERSION }, place, Buffer.from(secret, 'ascii'), randomBytes);
      return { secret, sealed, otpauthUri: generateURI({ issuer: 'Sluice', label: accountName, secret }) };
    },
  };
};

/**
 * Binds what was made before migration 0032 to its person: the hash of a password, and the secret of a factor, which was sealed to its factor alone
 * before migration 0031. Whoever calls it takes the database's word for whose they are (docs/adr/0075).
 */
export const openSealsOfBefore = (keyFile: Pick<KeyFile, 'root'>) => {
  const key = deriveKey(keyFile.root.key, 'factors');
  const passwordSeal = openPasswordSeal(keyFile);
  return {
    password: (personId: string, hash: string): string => passwordSeal.seal(personId, hash),
    /** The secret of a factor with `sealed_place` 1, as one with 2. Null when it does not open: it was changed or moved, or is of another key. */
    factor: (factor: Pick<SealedFactor, 'id' | 'personId'>, sealed: Uint8Array): Uint8Array | null => {
      const secret = opened(() => open(key, { ...factorPlace(factor), record: factor.id }, sealed));
      return secret && seal({ key, version: FACTOR_KEY_VERSION }, factorPlace(factor), secret, randomBytes);
    },
  };
};

const opened = (open: () => Uint8Array): Uint8Array | null => {
  try {
    return open();
  } catch {
    return null;
  }
};

/** Whether a hash was made by another algorithm, or with less memory, fewer passes or fewer lanes than today. */
const isWeaker = (stored: string, today: Argon2Cost): boolean => {
  const { algorithm, memoryCost, timeCost, parallelism } = parseOptions(stored);
  return algorithm !== ARGON2ID || memoryCost < today.memoryKiB || timeCost < today.passes || parallelism < today.lanes;
};

/** A factor belongs to a person, and a person to no tenant, so the tenant is empty. */
const factorPlace = ({ id, personId }: Pick<SealedFactor, 'id' | 'personId'>) => ({
  tenantId: '',
  purpose: 'factor',
  record: `${personId}/${id}`,
  field: 'totp_secret',
});
