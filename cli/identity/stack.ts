import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readPrivateJson } from './private-file.js';

/** The part of the file of `npm start` that the command line reads. */
export interface LocalStack {
  data_dir: string;
  api_url: string;
  docs_url?: string;
  ui_url?: string;
  namespace?: string;
  workspace_id: string;
  api_key: string;
  people: { role: string; name: string; email: string; password: string; totp_secret: string }[];
}

/** The stack of SLUICE_DATA_DIR, else of this folder or one above it; null when none was started there. Fails when its file can't be read. */
export const findLocalStack = (env: NodeJS.ProcessEnv, from: string): LocalStack | null => {
  for (const folder of candidates(env, from)) {
    const path = join(folder, 'stack.json');
    if (existsSync(path)) return readPrivateJson(path) as LocalStack;
  }
  return null;
};

const candidates = (env: NodeJS.ProcessEnv, from: string): string[] => {
  if (env['SLUICE_DATA_DIR']) return [resolve(from, env['SLUICE_DATA_DIR'])];
  const folders: string[] = [];
  for (let at = resolve(from); ; at = dirname(at)) {
    folders.push(join(at, '.sluice'));
    if (dirname(at) === at) return folders;
  }
};
