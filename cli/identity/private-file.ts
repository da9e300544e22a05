import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Reads a JSON file; null when there is none. Throws on what is not JSON. */
export const readPrivateJson = (path: string): unknown => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Error(`${path} can't be read as JSON. Fix it or remove it.`, { cause: error });
  }
};

/** Writes a JSON file that only its owner can read (mode 0600). After a crash the file is complete or not there. */
export const writePrivateJson = (path: string, content: unknown): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, path);
};
