import { type Item, serializeDictionary } from 'structured-headers';
import { bytesOf, readDictionary } from './fields.js';
import type { SignableRequest } from './request.js';

/** Algorithms of RFC 9530 that are taken, with the bytes of their digests. The others that it names are broken or checksums. */
export const DIGEST_BYTES = { 'sha-256': 32, 'sha-512': 64 } as const;
export type DigestAlgorithm = keyof typeof DIGEST_BYTES;

/** What the content of a request has to hash to, by algorithm: one or both. */
export type ContentDigests = ReadonlyMap<DigestAlgorithm, Uint8Array>;

/** Reads the field `Content-Digest` (RFC 9530, section 2), which stands once and in canonical form. Answers what is wrong for the log. */
export const readContentDigest = (request: Pick<SignableRequest, 'field'>): { digests: ContentDigests } | { problem: string } => {
  const [text, ...more] = request.field('content-digest');
  if (text === undefined || more.length > 0) return { problem: 'Content-Digest is not there, or stands in several lines' };
  const dictionary = readDictionary(text);
  if (!dictionary || dictionary.size === 0) return { problem: 'Content-Digest is no dictionary in canonical form' };
  const digests = new Map<DigestAlgorithm, Uint8Array>();
  for (const [algorithm, member] of dictionary) {
    const digest = bytesOf(member);
    if (!isKnown(algorithm) || digest?.length !== DIGEST_BYTES[algorithm])
      return { problem: 'Content-Digest has another algorithm than sha-256 and sha-512, or no digest of its length' };
    digests.set(algorithm, digest);
  }
  return { digests };
};

const isKnown = (algorithm: string): algorithm is DigestAlgorithm => Object.hasOwn(DIGEST_BYTES, algorithm);

/** A value of the field `Content-Digest`. */
export const contentDigestField = (algorithm: DigestAlgorithm, digest: Uint8Array): string =>
  serializeDictionary(new Map<string, Item>([[algorithm, [Uint8Array.from(digest), new Map()]]]));
