import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder for the tests of one file, which is gone when they have ended. */
export const freshFolder = (name: string): string => {
  const folder = mkdtempSync(join(tmpdir(), `sluice-${name}-`));
  folders.push(folder);
  return folder;
};
