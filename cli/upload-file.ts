import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { EXIT, Failure } from './failure.js';
import { fileFailure } from './file-failure.js';

/** A file that is sent, and sent again from its start when a try fails. */
export interface UploadFile {
  /** Hex. */
  sha256: string;
  /** Its bytes. Fails when they are no longer those of the hash; `onWhole` is called once all of them were read. */
  open(onWhole: () => void): ReadableStream<Uint8Array>;
}

/**
 * Reads a file once for its hash, with memory that does not grow with it. Whatever is wrong with it is said before anything is sent. What can
 * be read only once, such as standard input (`-`) or a pipe, is kept in memory.
 */
export const uploadFile = async (path: string, signal: AbortSignal): Promise<UploadFile> => {
  const kept = isFile(path) ? null : await readOnce(path, signal);
  const parts = () => (kept ? Readable.from([kept]) : partsOf(path));
  const hash = createHash('sha256');
  for await (const part of parts()) hash.update(part as Uint8Array);
  const sha256 = hash.digest('hex');
  const open = (onWhole: () => void) => Readable.toWeb(Readable.from(unchanged(parts(), path, sha256, onWhole), { objectMode: false }));
  return { sha256, open: open as UploadFile['open'] };
};

/** All bytes of what can be read only once. A command that is broken off does not wait for the rest. */
export const readOnce = async (path: string, signal: AbortSignal): Promise<Buffer> => {
  const stream = path === '-' ? process.stdin : createReadStream(path);
  signal.addEventListener('abort', () => stream.destroy(), { once: true });
  try {
    return await buffer(stream);
  } catch (error) {
    throw fileFailure(error, path === '-' ? 'Standard input' : path, 'read') ?? error;
  }
};

/** Whether this can be read more than once. */
const isFile = (path: string): boolean => {
  if (path === '-') return false;
  try {
    return statSync(path).isFile();
  } catch (error) {
    throw fileFailure(error, path, 'read') ?? error;
  }
};

async function* partsOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw fileFailure(error, path, 'read') ?? error;
  }
}

/** Ends in an error instead of its end when the bytes are others than before, so that no server takes them for the whole file. */
async function* unchanged(parts: AsyncIterable<Uint8Array>, path: string, sha256: string, onWhole: () => void): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const part of parts) {
    hash.update(part);
    yield part;
  }
  if (hash.digest('hex') !== sha256)
    throw new Failure(EXIT.failed, `${path} changed while it was sent, so it was not taken. Send it again when nothing writes to it any more.`);
  onWhole();
}
