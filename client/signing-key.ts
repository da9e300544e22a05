import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from '../domain/http-signature/profile.js';
import { fromWireId } from '../domain/ids.js';
import type { Signer } from './sign.js';

/** PrivateKeyInfo of an Ed25519 key (RFC 8410) up to the key itself. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SECRET_BYTES = 32;

/**
 * Reads a signing key as `sluice signing create` prints it: `sigkey_…:ed25519:<base64>`, where the last part is the private key of RFC 8032,
 * or of hmac-sha256 the secret, 32 bytes. Null for any other text.
 */
export const readSigningKey = (text: string): Signer | null => {
  const [keyId = '', name, encoded = '', ...more] = text.trim().split(':');
  const algorithm = SIGNATURE_ALGORITHMS.find((one) => one === name);
  const secret = Buffer.from(encoded, 'base64');
  if (more.length > 0 || !algorithm || fromWireId('signingKey', keyId) === null) return null;
  if (secret.length !== SECRET_BYTES || secret.toString('base64') !== encoded) return null;
  return { keyId, algorithm, sign: signingBy(algorithm, secret) };
};

/** A new pair of Ed25519 keys, 32 bytes each (RFC 8032). The private one stays with whoever made it. */
export const newKeyPair = (): { privateKey: Uint8Array; publicKey: Uint8Array } => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const raw = (member: string | undefined): Uint8Array => Buffer.from(member ?? '', 'base64url');
  return { privateKey: raw(privateKey.export({ format: 'jwk' }).d), publicKey: raw(createPublicKey(privateKey).export({ format: 'jwk' }).x) };
};

/** A signing key as one line of text, which `readSigningKey` reads. */
export const writeSigningKey = (keyId: string, algorithm: SignatureAlgorithm, secret: Uint8Array): string =>
  `${keyId}:${algorithm}:${Buffer.from(secret).toString('base64')}`;

const signingBy = (algorithm: SignatureAlgorithm, secret: Uint8Array): Signer['sign'] => {
  if (algorithm === 'hmac-sha256') return (base) => createHmac('sha256', secret).update(base).digest();
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, secret]), format: 'der', type: 'pkcs8' });
  return (base) => sign(null, base, key);
};
