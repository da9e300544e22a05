import { createHash } from 'node:crypto';
import { sameBytes } from '../domain/hashing.js';
import type { DigestAlgorithm } from '../domain/http-signature/content-digest.js';
import type { Refusal } from '../domain/result.js';
import { refuseSignature } from '../operations/request-signature/refuse.js';
import type { ApiDeps } from './deps.js';
import { contextOf, type Exchange } from './exchange.js';

/** The content of a request as it came, without any content coding undone. */
export interface ReceivedContent {
  /** SHA-256 when it is known already. */
  sha256?: Uint8Array;
  bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/**
 * Holds the content of a signed call against its `Content-Digest` (RFC 9530). `content` is null for content that cannot be compared: it was
 * sent with a content coding, or in a form. Answers the refusal, which is audited and logged, or null.
 */
export const contentRefusal = async (
  { logger }: Pick<ApiDeps, 'logger'>,
  exchange: Exchange,
  content: ReceivedContent | null,
): Promise<Refusal | null> => {
  const digests = exchange.signature?.digests;
  if (!digests) return null;
  const wrong = content === null ? 'its content has a coding or is a form' : await otherThan(digests, content);
  if (wrong === null) return null;
  const { requestId, route, req } = exchange;
  const context = contextOf(exchange);
  exchange.signature = { result: 'refused', digests: null };
  logger.info({ request_id: requestId, route, reason: wrong }, 'a signature was refused');
  const refused = await context.inTenant((stores) => refuseSignature(stores, { tenantId: context.tenantId, route, method: req.method }));
  return refused.refusal;
};

/** What is wrong with the content; null when every digest is its own. */
const otherThan = async (digests: ReadonlyMap<DigestAlgorithm, Uint8Array>, content: ReceivedContent): Promise<string | null> => {
  for (const [algorithm, expected] of digests) {
    const digest = algorithm === 'sha-256' && content.sha256 ? content.sha256 : await digestOf(algorithm, content.bytes);
    if (!sameBytes(digest, expected)) return `its content has another ${algorithm}`;
  }
  return null;
};

const NODE_NAMES: Readonly<Record<DigestAlgorithm, string>> = { 'sha-256': 'sha256', 'sha-512': 'sha512' };

const digestOf = async (algorithm: DigestAlgorithm, bytes: ReceivedContent['bytes']): Promise<Uint8Array> => {
  const hash = createHash(NODE_NAMES[algorithm]);
  for await (const part of bytes) hash.update(part);
  return hash.digest();
};
