import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { EXIT, Failure } from './failure.js';
import { fileFailure } from './file-failure.js';
import { otherKind } from './file-kind.js';

/** The text of a file in UTF-8. A byte order mark is dropped, as the API drops that of a CSV. */
export const readText = (path: string): string => {
  try {
    return textOf(readFileSync(path), path);
  } catch (error) {
    throw fileFailure(error, path, 'read') ?? error;
  }
};

/** Bytes as text in UTF-8, without a byte order mark. `path` says whose they are. */
export const textOf = (bytes: Uint8Array, path: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Failure(EXIT.usage, `${path} ${otherKind(bytes) ?? 'is not UTF-8; save it as UTF-8'}.`);
  }
};

/** The lines of a file in UTF-8, one at a time. */
export async function* linesOf(path: string): AsyncGenerator<string> {
  try {
    // The reader is made in the same turn that reads from it, so no error of the file comes too early for it.
    yield* createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    throw fileFailure(error, path, 'read') ?? error;
  }
}

/** Writes a file that only its owner reads. */
export const writeText = (path: string, text: string): void => {
  try {
    writeFileSync(path, text, { mode: 0o600 });
  } catch (error) {
    throw fileFailure(error, path, 'write') ?? error;
  }
};
