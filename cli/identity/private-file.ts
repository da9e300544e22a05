import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { EXIT, Failure } from '../failure.js';
import { fileFailure } from '../file-failure.js';

/** Reads a JSON file; null when there is none. Fails on what can't be read or is not JSON. */
export const readPrivateJson = (path: string): unknown => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw fileFailure(error, path, 'read') ?? error;
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure(EXIT.failed, `${path} is no valid JSON. Fix it or remove it.`);
  }
};

/** Writes a JSON file that only its owner can read (mode 0600). After a crash the file is complete or not there. */
export const writePrivateJson = (path: string, content: unknown): void => {
  const draft = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, path);
  } catch (error) {
    throw fileFailure(error, path, 'write') ?? error;
  }
};
