import { sign } from 'node:crypto';
import type { CheckpointSigner } from '../operations/ports.js';
import { checkpointBody, signatureLine, verifierKeyOf } from './checkpoint-note.js';
import { privateKeyObject } from './ed25519.js';
import type { KeyFile } from './key-file.js';

/** Signs tree heads, with one key for all logs of the installation, under the origin of each log: installation and workspace. */
export const openCheckpointSigner = ({ checkpoint: { name, privateKey, publicKey } }: Pick<KeyFile, 'checkpoint'>): CheckpointSigner => {
  const key = privateKeyObject(privateKey);
  const origin = (tenantId: string): string => originOf(name, tenantId);
  return {
    verifierKey: verifierKeyOf(name, publicKey),
    verifierKeyFor: (tenantId) => verifierKeyOf(origin(tenantId), publicKey),
    origin,
    sign: (tenantId, size, root) => {
      const body = checkpointBody({ origin: origin(tenantId), size, root });
      return `${body}\n${signatureLine(origin(tenantId), publicKey, sign(null, Buffer.from(body), key))}`;
    },
  };
};

/** Origin line of a workspace's log, and name of its key: `<installation>/<workspace uuid>`. */
export const originOf = (name: string, tenantId: string): string => `${name}/${tenantId}`;
