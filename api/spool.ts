import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Refusal, type Result, refuse } from '../domain/result.js';

/** Enough for a million rows of 500 bytes. */
export const SPOOL_BYTES = 512 * 1024 * 1024;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const READ_BYTES = 64 * 1024;

/** An upload in a file. Its hash is recorded with the batch as proof of what was received (R19). */
export interface SpooledFile {
  sha256: Uint8Array;
  bytes: number;
  /** Line ends in it. */
  lines: number;
  open(): AsyncIterable<Uint8Array>;
}

/**
 * Writes an upload to a file of its own (mode 0600), hashes it on the way with flat memory, and runs `use` on it. The file is
 * unlinked as soon as it is open, so that even a killed process leaves none behind. Refuses with `payload_too_large` what has more than
 * `limit` bytes, and with what an upload throws as RefusedUpload.
 *
 * No stream is opened on the file: a stream that does not close it holds on to it for ever, and then closing it never ends.
 */
export const spooled = async <T>(
  upload: Readable,
  folder: string,
  id: string,
  use: (file: SpooledFile) => Promise<Result<T>>,
  limit = SPOOL_BYTES,
): Promise<Result<T>> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${id}.csv`);
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    const hash = createHash('sha256');
    let bytes = 0;
    let lines = 0;
    const measured = async function* (): AsyncGenerator<Buffer> {
      // The connection stays open when the upload is too large, so that its sender can read why.
      for await (const part of upload.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        bytes += part.length;
        if (bytes > limit) throw new RefusedUpload(tooLarge(limit));
        hash.update(part);
        lines += lineEnds(part);
        yield part;
      }
    };
    await writeFile(file, measured());
    return await use({ sha256: hash.digest(), bytes, lines, open: () => contentOf(file) });
  } catch (error) {
    if (!(error instanceof RefusedUpload)) throw error;
    // What still arrives is thrown away.
    upload.resume();
    return { ok: false, refusal: error.refusal };
  } finally {
    await file.close();
  }
};

/** An upload that is refused while it is read. */
export class RefusedUpload extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.detail);
  }
}

const tooLarge = (limit: number): Refusal => refuse('payload_too_large', `A CSV may have ${limit} bytes; split it into several batches.`).refusal;

/** Line ends in a block: its line feeds, and in a block without any its carriage returns, which a Macintosh writes. */
const lineEnds = (block: Buffer): number => count(block, LINE_FEED) || count(block, CARRIAGE_RETURN);

const count = (block: Buffer, byte: number): number => {
  let found = 0;
  for (let at = block.indexOf(byte); at >= 0; at = block.indexOf(byte, at + 1)) found += 1;
  return found;
};

/** The bytes of a file from its beginning. Several readers at a time do not disturb each other. */
async function* contentOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (let at = 0; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
