import { fromWireId } from '../ids.js';
import { type ContentDigests, readContentDigest } from './content-digest.js';
import type { SignableRequest } from './request.js';
import { type RequestSignature, readSignature, signatureBase } from './signature.js';

/** What Sluice asks of a signature beyond RFC 9421, which leaves it to each application (section 1.4). */

export const SIGNATURE_ALGORITHMS = ['hmac-sha256', 'ed25519'] as const;
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/** s. A signature is taken from so long before its `created` until so long after it. */
export const SIGNATURE_WINDOW_S = 300;

/** At least 96 bits in any usual encoding; at most what a table of used ones should hold. */
const NONCE = /^[\x21-\x7e]{16,128}$/;

/** What is left to verify of a signature, once nothing else is wrong with it. */
export interface Signed {
  /** UUID. */
  signingKeyId: string;
  algorithm: SignatureAlgorithm;
  nonce: string;
  /** Unix time, s. */
  created: number;
  base: string;
  value: Uint8Array;
  /** What the content has to hash to; null when the signature speaks of none. */
  digests: ContentDigests | null;
}

/** Fields that a signature covers whenever the request has them. */
const COVERED_FIELDS = ['content-digest', 'idempotency-key'];

/** What a signature of this request has to cover: method and target URI, its `Content-Digest` and its `Idempotency-Key`. */
export const coveredComponents = (request: Pick<SignableRequest, 'field'>): string[] => [
  '@method',
  '@target-uri',
  ...COVERED_FIELDS.filter((name) => request.field(name).length > 0),
];

/** Whether the request has content, by its head (RFC 9112, section 6). */
const hasContent = ({ field }: Pick<SignableRequest, 'field'>): boolean =>
  field('transfer-encoding').length > 0 || field('content-length').some((length) => length !== '0');

/**
 * Reads the signature of a request and holds it against the rules above, all but who made it: the caller looks the key up, verifies `value`
 * over `base`, and uses the nonce. Answers what is wrong in a sentence for the log.
 */
export const readSigned = (request: SignableRequest, now: Date): Signed | { problem: string } => {
  const read = readSignature(request);
  if ('problem' in read) return read;
  const { components, value } = read.signature;
  const says = readParameters(read.signature, now);
  if ('problem' in says) return says;
  const left = coveredComponents(request).find((name) => !components.includes(name));
  if (left) return { problem: `${left} is not covered` };
  if (request.field('idempotency-key').length > 1) return { problem: 'Idempotency-Key stands in several lines' };
  const content = contentOf(request);
  if ('problem' in content) return content;
  const based = signatureBase(request, read.signature);
  return 'problem' in based ? based : { ...says, ...content, base: based.base, value };
};

const contentOf = (request: SignableRequest): { digests: ContentDigests | null } | { problem: string } => {
  if (request.field('content-digest').length > 0) return readContentDigest(request);
  return hasContent(request) ? { problem: 'there is content and no Content-Digest' } : { digests: null };
};

const readParameters = (
  { parameters: { created, expires, nonce, alg, keyid } }: RequestSignature,
  now: Date,
): Pick<Signed, 'signingKeyId' | 'algorithm' | 'nonce' | 'created'> | { problem: string } => {
  if (created === null || nonce === null || alg === null || keyid === null) return { problem: 'created, nonce, alg or keyid is missing' };
  const seconds = Math.floor(now.getTime() / 1_000);
  if (Math.abs(seconds - created) > SIGNATURE_WINDOW_S) return { problem: `created is more than ${SIGNATURE_WINDOW_S} s off` };
  if (expires !== null && expires <= seconds) return { problem: 'the signature has expired' };
  if (!NONCE.test(nonce)) return { problem: 'the nonce has not 16 to 128 printable characters' };
  const algorithm = SIGNATURE_ALGORITHMS.find((one) => one === alg);
  if (!algorithm) return { problem: 'the algorithm is not known' };
  const signingKeyId = fromWireId('signingKey', keyid);
  return signingKeyId === null ? { problem: 'keyid is no id of a signing key' } : { signingKeyId, algorithm, nonce, created };
};
