import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Places } from './places.js';

const FOR_THE_OWNER = { folder: 0o700, file: 0o600 } as const;
const OTHERS = 0o077;

/**
 * Makes the folders of a data folder that are missing. What an earlier start, a copy or a restored backup has left open to other users is
 * closed: 0700 for folders, 0600 for the files in them. Left as they are: the cluster, which Postgres itself keeps closed, the published
 * notes inside `checkpoints`, and a data folder that holds other things than the stack's. Throws an Error that names what can't be closed.
 */
export const makeFolders = (places: Places): void => {
  if (isOursAlone(places)) close(places.dataDir, 'folder');
  for (const folder of [dirname(places.temporalState), dirname(places.logs.api), places.provider, places.mail, places.spool, places.checkpoints])
    mkdirSync(folder, { recursive: true, mode: FOR_THE_OWNER.folder });
  for (const path of entriesOf(places).filter(existsSync)) {
    if (!statSync(path).isDirectory()) close(path, 'file');
    else {
      close(path, 'folder');
      for (const entry of readdirSync(path, { withFileTypes: true })) if (entry.isFile()) close(join(path, entry.name), 'file');
    }
  }
};

/** Whether nothing but the stack's own lies in the data folder: not so in a home folder, for example. */
export const isOursAlone = (places: Places): boolean => {
  const ours = new Set(entriesOf(places).map((path) => basename(path)));
  return readdirSync(places.dataDir).every((name) => ours.has(name));
};

const entriesOf = ({ dataDir, temporalState, logs, ...others }: Places): string[] => [
  ...Object.values(others),
  ...[temporalState, logs.api].map((file) => dirname(file)),
];

const close = (path: string, kind: keyof typeof FOR_THE_OWNER): void => {
  if (!(statSync(path).mode & OTHERS)) return;
  try {
    chmodSync(path, FOR_THE_OWNER[kind]);
  } catch (error) {
    throw new Error(
      `Other users may read ${path}, and that can't be changed (${(error as Error).message}). Make it yours, or name another folder: npm start -- --data-dir DIR`,
    );
  }
};
