import { verify } from 'node:crypto';
import { isKeyOf, signersOf } from '../domain/audit/checkpoint.js';
import { publicKeyObject } from './ed25519.js';
import { sha256 } from './sha256.js';

/**
 * Checkpoints as notes: C2SP tlog-checkpoint inside C2SP signed-note. Verifying needs no database and no private key, so an auditor
 * can do it anywhere.
 *
 *   <origin>\n<size>\n<base64 root>\n\n— <origin> <base64(key hash ‖ signature)>\n
 */
export interface Checkpoint {
  origin: string;
  size: bigint;
  root: Uint8Array;
}

/** Signature type of Ed25519 in signed-note. */
const ED25519 = 0x01;
const KEY_HASH_BYTES = 4;
const ROOT_BYTES = 32;

/** The signed text, with its final newline. */
export const checkpointBody = ({ origin, size, root }: Checkpoint): string => `${origin}\n${size}\n${base64(root)}\n`;

export const signatureLine = (name: string, publicKey: Uint8Array, signature: Uint8Array): string =>
  `— ${name} ${base64(Buffer.concat([keyHash(name, publicKey), signature]))}\n`;

/** `<name>+<key hash, 8 hex digits>+<base64(type ‖ public key)>` */
export const verifierKeyOf = (name: string, publicKey: Uint8Array): string =>
  `${name}+${keyHash(name, publicKey).toString('hex')}+${base64(Buffer.concat([Buffer.of(ED25519), publicKey]))}`;

/**
 * Returns the checkpoint inside a note that the verifier key has signed, under the name of the log or, as in the first release, of its
 * installation. The key may bear the name of another generation of the log. Signatures of other keys are ignored, as signed-note requires. Otherwise throws an Error that says what is wrong.
 */
export const verifyCheckpoint = (note: string, verifierKey: string): Checkpoint => {
  const { name, publicKey } = parseVerifierKey(verifierKey);
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) throw new Error('this is no signed note: a body, an empty line and signature lines are needed');
  const body = note.slice(0, end + 1);
  const checkpoint = parseBody(body);
  const names = signersOf(checkpoint.origin);
  if (!isKeyOf(name, checkpoint.origin)) throw new Error(`a checkpoint of ${checkpoint.origin} is not signed by ${name}`);
  const ours = names.flatMap((signer) => signaturesBy(note.slice(end + 2), signer, keyHash(signer, publicKey)));
  if (ours.length === 0) throw new Error(`the checkpoint is not signed by ${name}`);
  if (!ours.every((signature) => verify(null, Buffer.from(body), publicKeyObject(publicKey), signature)))
    throw new Error(`the signature of ${name} on the checkpoint does not verify`);
  return checkpoint;
};

const signaturesBy = (lines: string, name: string, hash: Buffer): Buffer[] =>
  lines
    .slice(0, -1)
    .split('\n')
    .map((line) => {
      const match = /^— ([^ +]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line);
      if (!match) throw new Error('the note has a line after its body that is no signature');
      return { by: match[1], bytes: decodeBase64(match[2] ?? '') };
    })
    .filter(({ by, bytes }) => by === name && bytes.subarray(0, KEY_HASH_BYTES).equals(hash))
    .map(({ bytes }) => bytes.subarray(KEY_HASH_BYTES));

const parseBody = (body: string): Checkpoint => {
  const [origin, size, root] = body.split('\n');
  if (!origin || !size || !/^(0|[1-9][0-9]{0,18})$/.test(size) || !root)
    throw new Error('the note holds no checkpoint: origin, size and root are needed');
  const bytes = decodeBase64(root);
  if (bytes.length !== ROOT_BYTES) throw new Error('the root of the checkpoint is not 32 bytes');
  return { origin, size: BigInt(size), root: bytes };
};

const parseVerifierKey = (verifierKey: string): { name: string; publicKey: Uint8Array } => {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(verifierKey);
  const [name, hash, encoded] = [match?.[1] ?? '', match?.[2] ?? '', decodeBase64(match?.[3] ?? '')];
  const publicKey = encoded.subarray(1);
  if (!match || encoded[0] !== ED25519 || publicKey.length !== 32 || keyHash(name, publicKey).toString('hex') !== hash)
    throw new Error('this is no Ed25519 verifier key of the form name+hash+key');
  return { name, publicKey };
};

const keyHash = (name: string, publicKey: Uint8Array): Buffer =>
  Buffer.from(sha256(Buffer.from(`${name}\n`), Buffer.of(ED25519), publicKey)).subarray(0, KEY_HASH_BYTES);

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** Strict: refuses every text that is not the canonical encoding of its bytes, so that a note has one form. */
const decodeBase64 = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new Error('the note holds text that is not valid base64');
  return bytes;
};
