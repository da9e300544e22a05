import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** What the CLI reads of the file that `npm start` writes. */
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

/** The stack of this folder or one above it, or of SLUICE_DATA_DIR; null when none was started. */
export const findLocalStack = (env: NodeJS.ProcessEnv, from: string): LocalStack | null => {
  for (const folder of candidates(env, from)) {
    const path = join(folder, 'stack.json');
    if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as LocalStack;
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
