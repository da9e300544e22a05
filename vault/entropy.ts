import { randomBytes } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import type { Entropy } from '../operations/ports.js';

/** Random bytes are drawn from the platform's generator in blocks, because a call costs ten times as much as the few bytes of a nonce. */
const BLOCK_BYTES = 8_192;

let block = Buffer.alloc(0);
let used = 0;

const bytes = (count: number): Uint8Array => {
  if (count > BLOCK_BYTES / 8) return randomBytes(count);
  if (used + count > block.length) {
    block = randomBytes(BLOCK_BYTES);
    used = 0;
  }
  const drawn = Buffer.from(block.subarray(used, used + count));
  // What was drawn stays in one place only.
  block.fill(0, used, used + count);
  used += count;
  return drawn;
};

/** Ids (UUIDv7, RFC 9562, increasing within a process) and bytes from the platform's random generator. */
export const systemEntropy: Entropy = { newId: () => uuidv7(), bytes };
