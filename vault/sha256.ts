import { hash } from 'node:crypto';
import type { Sha256 } from '../domain/hashing.js';

/**
 * SHA-256 over the concatenation of the parts. It hashes in one call, because most inputs have a few hundred bytes, and through a
 * binary string, because the platform creates that in a third of the time of a new Buffer.
 */
export const sha256: Sha256 = (...parts) =>
  Buffer.from(hash('sha256', parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts), 'binary'), 'binary');
