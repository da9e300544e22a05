import { spawnSync } from 'node:child_process';

/** The user that Postgres runs as when we are root; Postgres itself refuses to be root. */
export interface Account {
  uid: number;
  gid: number;
}

const NAME = 'postgres';

/**
 * Undefined when the caller's own user will do. As root: the user `postgres`, made when it is missing. Throws an Error
 * that says what to do when it can neither be found nor made.
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
    `Postgres refuses to run as root, and no user \`${NAME}\` could be made. Run \`npm start\` as an ordinary user, make that user, or set DATABASE_URL.`,
  );
};

const lookUp = (): Account | undefined => {
  const [uid, gid] = ['-u', '-g'].map((flag) => {
    const { status, stdout } = spawnSync('id', [flag, NAME], { encoding: 'utf8' });
    return status === 0 ? Number(stdout) : undefined;
  });
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
};
