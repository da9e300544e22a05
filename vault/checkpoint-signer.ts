import { sign } from 'node:crypto';
import { originOf } from '../domain/audit/checkpoint.js';
import type { CheckpointSigner } from '../operations/ports.js';
import { checkpointBody, signatureLine, verifierKeyOf } from './checkpoint-note.js';
import { privateKeyObject } from './ed25519.js';
import type { KeyFile } from './key-file.js';

/** Signs tree heads, with one key for all logs of the installation, under the origin of each log: installation, workspace and generation. */
export const openCheckpointSigner = ({ checkpoint: { name, privateKey, publicKey } }: Pick<KeyFile, 'checkpoint'>): CheckpointSigner => {
  const key = privateKeyObject(privateKey);
  return {
    verifierKey: verifierKeyOf(name, publicKey),
    verifierKeyFor: (log) => verifierKeyOf(originOf(name, log), publicKey),
    origin: (log) => originOf(name, log),
    sign: (log, size, root) => {
      const origin = originOf(name, log);
      const body = checkpointBody({ origin, size, root });
      return `${body}\n${signatureLine(origin, publicKey, sign(null, Buffer.from(body), key))}`;
    },
  };
};
