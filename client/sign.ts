import { contentDigestField } from '../domain/http-signature/content-digest.js';
import { coveredComponents, type SignatureAlgorithm } from '../domain/http-signature/profile.js';
import { signatureBase, signatureFields, signatureText } from '../domain/http-signature/signature.js';

/** Signs calls. `client/signing-key.ts` makes one; any other that holds the key elsewhere, such as in an HSM, does as well. */
export interface Signer {
  /** The id of the signing key: `sigkey_…`. */
  keyId: string;
  algorithm: SignatureAlgorithm;
  /** The signature of these bytes (RFC 9421, sections 3.3.3 and 3.3.6). */
  sign(base: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** A request as it is about to be sent. */
export interface Unsigned {
  method: string;
  url: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** SHA-256 of its content; null without content. */
  sha256: Uint8Array | null;
}

/**
 * The header fields that sign a request (RFC 9421): `Content-Digest`, `Signature-Input` and `Signature`. Each call makes another nonce at
 * another time, so a retry is signed anew while its Idempotency-Key stays.
 */
export const signed = async (signer: Signer, { method, url, headers, sha256 }: Unsigned): Promise<Record<string, string>> => {
  const digest = sha256 ? { 'content-digest': contentDigestField('sha-256', sha256) } : {};
  const sent: Readonly<Record<string, string>> = { ...headers, ...digest };
  const request = { method, targetUri: asSent(url), field: (name: string) => (Object.hasOwn(sent, name) ? [sent[name] ?? ''] : []) };
  const components = coveredComponents(request);
  const created = Math.floor(Date.now() / 1_000);
  const text = signatureText(components, { created, nonce: crypto.randomUUID(), alg: signer.algorithm, keyid: signer.keyId });
  const based = signatureBase(request, { components, text });
  if ('problem' in based) throw new Error(`this request cannot be signed: ${based.problem}`);
  return { ...digest, ...signatureFields(text, await signer.sign(new TextEncoder().encode(based.base))) };
};

/** The URL as `fetch` writes it into a request: its host in lower case, what has to be encoded encoded. */
const asSent = (url: string): string => {
  const { origin, pathname, search } = new URL(url);
  return `${origin}${pathname}${search}`;
};

/** SHA-256 of a text in UTF-8, as `fetch` sends it. */
export const sha256Of = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
