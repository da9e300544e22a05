import { type Sha256, sameBytes, toHex } from '../hashing.js';

/**
 * Verifies checkpoints of a tree by C2SP tlog-checkpoint. They are notes by C2SP signed-note: three lines (origin, size, root in
 * base64), an empty line, and one signature line for each signer. Ed25519 itself is a parameter.
 */
export interface Checkpoint {
  /** Names the log by installation, tenant and generation (`originOf`); the key that signs the log has the same name. */
  origin: string;
  size: bigint;
  /** 32 bytes. */
  root: Uint8Array;
}

export interface VerifierKey {
  name: string;
  /** First 4 bytes of SHA-256(name ‖ LF ‖ 0x01 ‖ public key), under any name that the key signs as. */
  keyId: (name: string) => Uint8Array;
  /** Ed25519, 32 bytes. */
  publicKey: Uint8Array;
}

export type VerifyEd25519 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

const ED25519 = 0x01;
const text = new TextEncoder();

const fromBase64 = (encoded: string): Uint8Array | null => {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded) || encoded.length % 4 !== 0) return null;
  const binary = atob(encoded);
  // Only the canonical encoding is accepted, so that a note has one form.
  return btoa(binary) === encoded ? Uint8Array.from(binary, (character) => character.charCodeAt(0)) : null;
};

const keyIdOf = (sha256: Sha256, name: string, publicKey: Uint8Array): Uint8Array =>
  sha256(text.encode(`${name}\n`), Uint8Array.of(ED25519), publicKey).slice(0, 4);

/** Null when the text is no Ed25519 verifier key or its key id is wrong. */
export const parseVerifierKey = (sha256: Sha256, key: string): VerifierKey | null => {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(key.trim());
  const bytes = match ? fromBase64(match[3] as string) : null;
  if (!match || !bytes || bytes.length !== 33 || bytes[0] !== ED25519) return null;
  const [name, publicKey] = [match[1] as string, bytes.slice(1)];
  const keyId = (of: string): Uint8Array => keyIdOf(sha256, of, publicKey);
  return toHex(keyId(name)) === match[2] ? { name, keyId, publicKey } : null;
};

/** The log of a workspace. A recovery ends its generation, and the log goes on as the next one, under a new origin (docs/adr/0050). */
export interface LogId {
  tenantId: string;
  /** From 1. */
  generation: number;
}

/** `<installation>/<tenant>` in the first generation, as in all released checkpoints, and `<installation>/<tenant>/<n>` from the second on. */
export const originOf = (installation: string, { tenantId, generation }: LogId): string =>
  generation === 1 ? `${installation}/${tenantId}` : `${installation}/${tenantId}/${generation}`;

/** The parts of an origin; null when it has another form. */
export const parseOrigin = (origin: string): (LogId & { installation: string }) | null => {
  const [, installation, tenantId, number] = /^(.+)\/([0-9a-f-]{36})(?:\/([1-9][0-9]{0,8}))?$/.exec(origin) ?? [];
  // The first generation has no number, so that a log has one name.
  if (installation === undefined || tenantId === undefined || number === '1') return null;
  return { installation, tenantId, generation: Number(number ?? 1) };
};

/**
 * The names under which a log of this origin is signed. One key signs the logs of all workspaces of an installation: under the origin of
 * each, as C2SP tlog-checkpoint asks, and in notes of the first release under the name of the installation (docs/adr/0019).
 */
export const signersOf = (origin: string): string[] => {
  const log = parseOrigin(origin);
  return log?.generation === 1 ? [origin, log.installation] : [origin];
};

/** Whether the key of this name is for the log: it is named after the log, in any of its generations, or after its installation. */
export const isKeyOf = (keyName: string, origin: string): boolean => {
  const [log, named] = [parseOrigin(origin), parseOrigin(keyName)];
  if (!log) return keyName === origin;
  return keyName === log.installation || (named?.installation === log.installation && named.tenantId === log.tenantId);
};

/**
 * The checkpoint of a note that `key` signed, otherwise null. The key has to bear the name of the note's log, in any generation, or of its
 * installation. Signatures of other keys are ignored, as signed-note asks; every one of this key has to verify.
 */
export const openNote = (note: string, key: VerifierKey, verify: VerifyEd25519): Checkpoint | null => {
  const end = note.indexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) return null;
  const signed = note.slice(0, end + 1);
  const checkpoint = parseCheckpoint(signed);
  if (!checkpoint || !isKeyOf(key.name, checkpoint.origin)) return null;
  const names = signersOf(checkpoint.origin);
  const ours = note
    .slice(end + 2, -1)
    .split('\n')
    .flatMap((line) => {
      const [dash, name = '', encoded, ...rest] = line.split(' ');
      const bytes = encoded ? fromBase64(encoded) : null;
      if (dash !== '—' || !names.includes(name) || rest.length > 0 || bytes?.length !== 68) return [];
      return sameBytes(bytes.slice(0, 4), key.keyId(name)) ? [bytes.slice(4)] : [];
    });
  return ours.length > 0 && ours.every((signature) => verify(key.publicKey, text.encode(signed), signature)) ? checkpoint : null;
};

const parseCheckpoint = (signed: string): Checkpoint | null => {
  const [origin, size, encoded] = signed.split('\n');
  const root = encoded ? fromBase64(encoded) : null;
  if (!origin || !size || !/^(0|[1-9]\d{0,18})$/.test(size) || root?.length !== 32) return null;
  return { origin, size: BigInt(size), root };
};
