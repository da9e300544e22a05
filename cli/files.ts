import { readFileSync, writeFileSync } from 'node:fs';
import { EXIT, Failure } from './failure.js';
import { fileFailure } from './file-failure.js';

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
    throw new Failure(EXIT.usage, `${path} is not UTF-8; save it as UTF-8.`);
  }
};

/** Writes a file that only its owner reads. */
export const writeText = (path: string, text: string): void => {
  try {
    writeFileSync(path, text, { mode: 0o600 });
  } catch (error) {
    throw fileFailure(error, path, 'write') ?? error;
  }
};
