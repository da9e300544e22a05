import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { newEd25519Keys, publicKeyOf } from './ed25519.js';

/** All secrets that an installation stores outside its database. */
export interface KeyFile {
  version: 1;
  /** UUID that the database holds too, so that a start notices the database of another installation (R15). */
  installationId: string;
  /** Wraps the tenants' keys and seals second factors. 32 bytes. */
  root: SecretKey;
  /** Encrypts Temporal payloads. 32 bytes. */
  codec: SecretKey;
  /** Ed25519 (RFC 8032), raw 32-byte halves. `name` is the signed-note key name and the prefix of every origin. */
  checkpoint: { name: string; privateKey: Uint8Array; publicKey: Uint8Array };
}

export interface SecretKey {
  id: string;
  key: Uint8Array;
}

const bytes32 = z.base64().transform((text, issue) => {
  const bytes = new Uint8Array(Buffer.from(text, 'base64'));
  if (bytes.length !== 32) issue.addIssue({ code: 'custom', message: 'must be 32 bytes in base64' });
  return bytes;
});
const secretKey = z.object({ id: z.string().min(1).max(64), key: bytes32 });
const noteName = z.string().regex(/^[\x21-\x2a\x2c-\x7e]+$/, 'must be printable ASCII without spaces and plus signs');
const schema = z.object({
  version: z.literal(1),
  installation_id: z.uuid(),
  root: secretKey,
  codec: secretKey,
  checkpoint: z.object({ name: noteName, private_key: bytes32, public_key: bytes32 }),
});

/**
 * Reads a key file. Throws when it is missing, when others than its owner may read it, or when it has another form. The message
 * says how to fix it and never holds a part of a key.
 */
export const readKeyFile = (path: string): KeyFile => {
  const text = readPrivately(path);
  const parsed = schema.safeParse(jsonOf(path, text));
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`).join('; ');
    throw new Error(`The key file ${path} is not valid (${wrong}). Put back a copy of it: what it encrypted cannot be read without it.`);
  }
  const { installation_id, root, codec, checkpoint } = parsed.data;
  if (!Buffer.from(publicKeyOf(checkpoint.private_key)).equals(checkpoint.public_key))
    throw new Error(`The key file ${path} is not valid (checkpoint.public_key does not belong to checkpoint.private_key). Put back a copy of it.`);
  return {
    version: 1,
    installationId: installation_id,
    root,
    codec,
    checkpoint: { name: checkpoint.name, privateKey: checkpoint.private_key, publicKey: checkpoint.public_key },
  };
};

/**
 * Creates a key file with new keys (mode 0600) and returns its content. After a crash the file is complete or not there. Throws
 * EEXIST when there is a file already, so that no key is ever overwritten.
 */
export const createKeyFile = (path: string): KeyFile => {
  const installationId = randomUUID();
  const checkpoint = newEd25519Keys();
  const fresh = () => {
    const key = randomBytes(32);
    return { id: createHash('sha256').update(key).digest('hex').slice(0, 16), key: key.toString('base64') };
  };
  const document = {
    version: 1,
    installation_id: installationId,
    root: fresh(),
    codec: fresh(),
    checkpoint: {
      name: `sluice/${installationId}`,
      private_key: Buffer.from(checkpoint.privateKey).toString('base64'),
      public_key: Buffer.from(checkpoint.publicKey).toString('base64'),
    },
  };
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeOnce(path, `${JSON.stringify(document, null, 2)}\n`);
  return readKeyFile(path);
};

const readPrivately = (path: string): string => {
  const file = openSync(path, 'r');
  try {
    const mode = fstatSync(file).mode & 0o777;
    if (mode & 0o077) throw new Error(`The key file ${path} has mode 0${mode.toString(8)}: others may read it. Run: chmod 600 ${path}`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
};

const jsonOf = (path: string, text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`The key file ${path} is not valid (it is no JSON). Put back a copy of it: what it encrypted cannot be read without it.`);
  }
};

/** Writes and syncs another file, then links it: a link refuses a name that is taken, which a rename does not. */
const writeOnce = (path: string, text: string): void => {
  const draft = `${path}.${randomUUID()}`;
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
    linkSync(draft, path);
  } finally {
    closeSync(file);
    unlinkSync(draft);
  }
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
};
