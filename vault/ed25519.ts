import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

/** Ed25519 keys (RFC 8032), raw (32 bytes each) and as the platform's key objects (wrapped as in RFC 8410). */

const PRIVATE_WRAPPING = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_WRAPPING = Buffer.from('302a300506032b6570032100', 'hex');

export const privateKeyObject = (raw: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PRIVATE_WRAPPING, raw]), format: 'der', type: 'pkcs8' });

export const publicKeyObject = (raw: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([PUBLIC_WRAPPING, raw]), format: 'der', type: 'spki' });

export const publicKeyOf = (privateKey: Uint8Array): Uint8Array =>
  createPublicKey(privateKeyObject(privateKey)).export({ format: 'der', type: 'spki' }).subarray(PUBLIC_WRAPPING.length);

export const newEd25519Keys = (): { privateKey: Uint8Array; publicKey: Uint8Array } => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const raw = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(PRIVATE_WRAPPING.length);
  return { privateKey: raw, publicKey: publicKeyOf(raw) };
};
