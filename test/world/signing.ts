import { createHmac, randomBytes, randomUUID, sign } from 'node:crypto';
import { contentDigestField } from '../../domain/http-signature/content-digest.js';
import { coveredComponents, type SignatureAlgorithm } from '../../domain/http-signature/profile.js';
import type { SignableRequest } from '../../domain/http-signature/request.js';
import { signatureBase, signatureFields, signatureText } from '../../domain/http-signature/signature.js';
import { createSigningKey } from '../../operations/signing-key/create.js';
import { newEd25519Keys, privateKeyObject } from '../../vault/ed25519.js';
import { sha256 } from '../../vault/sha256.js';
import type { World } from './open.js';
import type { Person } from './people.js';
import { must, uuidOf } from './wire.js';

/** Both halves of a key that signs calls. `secret` is the private key of ed25519. */
export interface TestSigner {
  keyId: string;
  algorithm: SignatureAlgorithm;
  secret: Uint8Array;
}

/** A key of nobody, made at run time. */
export const newSigner = (algorithm: SignatureAlgorithm, keyId: string): TestSigner & { publicKey: Uint8Array } => {
  const pair = newEd25519Keys();
  return { keyId, algorithm, secret: algorithm === 'ed25519' ? pair.privateKey : randomBytes(32), publicKey: pair.publicKey };
};

/** Makes a signing key of an API key (`key_…`), as its owner does. */
export const makeSigner = async (
  world: Pick<World, 'as' | 'freshCode'>,
  owner: Person,
  apiKeyId: string,
  algorithm: SignatureAlgorithm,
  tenantId?: string,
) => {
  const { secret, publicKey } = newSigner(algorithm, '');
  const given = algorithm === 'ed25519' ? { public_key: Buffer.from(publicKey).toString('base64') } : {};
  const asked = { key_id: uuidOf(apiKeyId), algorithm, ...given, code: await world.freshCode(owner) };
  const made = must(await createSigningKey(world.as(owner, tenantId ? { tenantId } : {}), asked));
  return { keyId: made.id, algorithm, secret: made.secret === undefined ? secret : Buffer.from(made.secret, 'base64') } satisfies TestSigner;
};

export const signatureBy = ({ algorithm, secret }: TestSigner, base: string): Uint8Array =>
  algorithm === 'ed25519' ? sign(null, Buffer.from(base), privateKeyObject(secret)) : createHmac('sha256', secret).update(base).digest();

export interface Plain {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string | Uint8Array;
}

/** What an attack changes of an honest signature. */
export interface Twist {
  created?: number;
  nonce?: string;
  /** Parameters that are added or replaced; undefined takes one away. */
  parameters?: Record<string, string | number | undefined>;
  components?: readonly string[];
}

export const bytesOf = (body: string | Uint8Array): Uint8Array => (typeof body === 'string' ? Buffer.from(body) : body);

/** A request with the header fields that sign it: those of an honest caller but for the twist. */
export const signRequest = <Request extends Plain>(signer: TestSigner, plain: Request, twist: Twist = {}): Request => {
  const content = plain.body === undefined ? {} : { 'content-digest': contentDigestField('sha-256', sha256(bytesOf(plain.body))) };
  const headers: Record<string, string> = { ...content, ...plain.headers };
  const request: SignableRequest = {
    method: plain.method,
    targetUri: plain.url,
    field: (name) => (headers[name] === undefined ? [] : [headers[name]]),
  };
  const { created = Math.floor(Date.now() / 1_000), nonce = randomUUID(), parameters = {} } = twist;
  const given = { created, nonce, alg: signer.algorithm, keyid: signer.keyId, ...parameters };
  const components = twist.components ?? coveredComponents(request);
  const text = signatureText(
    components,
    Object.fromEntries(Object.entries(given).filter((one): one is [string, string | number] => one[1] !== undefined)),
  );
  const based = signatureBase(request, { components, text });
  if ('problem' in based) throw new Error(based.problem);
  return { ...plain, headers: { ...headers, ...signatureFields(text, signatureBy(signer, based.base)) } };
};
