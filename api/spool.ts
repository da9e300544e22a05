import { createHash } from 'node:crypto';
import { mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Refusal, type Result, refuse } from '../domain/result.js';

/** Enough for a million rows of 500 bytes. */
const SPOOL_BYTES = 512 * 1024 * 1024;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** An upload in a file. Its hash is recorded with the batch as proof of what was received (R19). */
export interface SpooledFile {
  sha256: Uint8Array;
  bytes: number;
  /** Line ends in it. */
  lines: number;
  open(): Readable;
}

/**
 * Writes an upload to a file of its own (mode 0600), hashes it on the way with flat memory, and runs `use` on it. The file is
 * unlinked as soon as it is open, so that even a killed process leaves none behind. Refuses with `payload_too_large`, and with what an
 * upload throws as RefusedUpload.
 */
export const spooled = async <T>(
  upload: Readable,
  folder: string,
  id: string,
  use: (file: SpooledFile) => Promise<Result<T>>,
): Promise<Result<T>> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${id}.csv`);
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    const hash = createHash('sha256');
    let bytes = 0;
    let lines = 0;
    const measured = new Transform({
      transform(part: Buffer, _encoding, done) {
        bytes += part.length;
        if (bytes > SPOOL_BYTES) return done(new RefusedUpload(TOO_LARGE));
        hash.update(part);
        lines += lineEnds(part);
        done(null, part);
      },
    });
    await pipeline(upload, measured, file.createWriteStream({ autoClose: false }));
    return await use({ sha256: hash.digest(), bytes, lines, open: () => file.createReadStream({ start: 0, autoClose: false }) });
  } catch (error) {
    if (error instanceof RefusedUpload) return { ok: false, refusal: error.refusal };
    throw error;
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

const TOO_LARGE = refuse('payload_too_large', `A CSV may have ${SPOOL_BYTES} bytes; split it into several batches.`).refusal;

/** Line ends in a block: its line feeds, and in a block without any its carriage returns, which a Macintosh writes. */
const lineEnds = (block: Buffer): number => count(block, LINE_FEED) || count(block, CARRIAGE_RETURN);

const count = (block: Buffer, byte: number): number => {
  let found = 0;
  for (let at = block.indexOf(byte); at >= 0; at = block.indexOf(byte, at + 1)) found += 1;
  return found;
};
