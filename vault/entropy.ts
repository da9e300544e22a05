import { randomBytes } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import type { Entropy } from '../operations/ports.js';

/** Ids (UUIDv7, RFC 9562, increasing within a process) and bytes from the platform's random generator. */
export const systemEntropy: Entropy = { newId: () => uuidv7(), bytes: (count) => randomBytes(count) };
