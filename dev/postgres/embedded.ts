import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Account, findCluster, findPrograms, postgresAccount } from './place.js';
import { clearStalePid, livePostmaster } from './postmaster.js';
import { withClient } from './with-client.js';

export interface EmbeddedPostgres {
  /** URL of the owner role, which creates roles and databases and is no superuser. */
  ownerUrl: string;
  pid: number;
  port: number;
  /** Resolves when the server has ended, for any reason. */
  exited: Promise<void>;
  /** Fast shutdown: ends connections and loses nothing. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Folder of the cluster and its passwords; created when missing. */
  dataDir: string;
  port: number;
  /** Path of the server's log. */
  log: string;
  /** Name of the database. */
  database?: string;
  /** The data folder around it, which holds nothing else: where we are root, the server's user may pass through it. */
  within?: string;
  /** Server settings on top of the usual ones. */
  settings?: Readonly<Record<string, string>>;
}

const SUPERUSER = 'postgres';
const START_MS = 30_000;
const STOP_MS = 6_000;
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  max_connections: '120',
  jit: 'off',
};

/**
 * Starts the Postgres 18 of the npm package, or uses the one that already serves this data folder. The superuser of the cluster
 * only creates the owner role and the database. Throws an Error that says what failed, why, and which log to read.
 */
export const startEmbeddedPostgres = async (options: EmbeddedOptions): Promise<EmbeddedPostgres> => {
  const account = postgresAccount();
  const cluster = findCluster(options, account);
  const passwords = readPasswords(options.dataDir);
  mkdirSync(dirname(options.log), { recursive: true, mode: 0o700 });
  const programs = findPrograms(account);
  if (!existsSync(join(cluster, 'PG_VERSION'))) initialise(cluster, programs, account, passwords.superuser);
  if (account && statSync(cluster).uid !== account.uid) chownSync(cluster, account.uid, account.gid);

  const live = await livePostmaster(cluster, { user: SUPERUSER, password: passwords.superuser });
  const server = live ? adopt(live) : await launch(cluster, programs, account, options, passwords.superuser);
  try {
    const at = {
      port: server.port,
      superuser: SUPERUSER,
      password: passwords.superuser,
      ownerPassword: passwords.owner,
      database: options.database ?? 'sluice',
    };
    return { ...server, ownerUrl: await bootstrapCluster(at), stop: () => stop(server) };
  } catch (error) {
    if (!live) await stop(server);
    throw error;
  }
};

const initialise = (cluster: string, programs: string, account: Account | undefined, password: string): void => {
  mkdirSync(cluster, { recursive: true, mode: 0o700 });
  if (account) chownSync(cluster, account.uid, account.gid);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-initdb-'));
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (account) for (const path of [folder, passwordFile]) chownSync(path, account.uid, account.gid);
  const flags = ['--auth=scram-sha-256', `--username=${SUPERUSER}`, '--encoding=UTF8', '--locale=C', `--pwfile=${passwordFile}`];
  const { status, stdout, stderr, error } = spawnSync(join(programs, 'initdb'), [`--pgdata=${cluster}`, ...flags], {
    ...account,
    cwd: '/',
    encoding: 'utf8',
  });
  rmSync(folder, { recursive: true, force: true });
  if (status === 0) return;
  rmSync(cluster, { recursive: true, force: true });
  throw new Error(`The data folder of Postgres could not be created in ${cluster}: ${error?.message ?? ''}${stderr || stdout}`.trim());
};

type Server = Omit<EmbeddedPostgres, 'ownerUrl' | 'stop'>;

const launch = async (
  cluster: string,
  programs: string,
  account: Account | undefined,
  options: EmbeddedOptions,
  password: string,
): Promise<Server> => {
  const settings = Object.entries({ ...SETTINGS, ...options.settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const until = Date.now() + START_MS;
  for (;;) {
    clearStalePid(cluster);
    const from = existsSync(options.log) ? statSync(options.log).size : 0;
    const log = openSync(options.log, 'a', 0o600);
    // Its own process group, so that Ctrl-C reaches only the supervisor, which stops the database last.
    const child = spawn(join(programs, 'postgres'), ['-D', cluster, '-p', String(options.port), ...settings], {
      ...account,
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
    let ended = false;
    void exited.then(() => {
      ended = true;
    });
    while (!ended && Date.now() < until) {
      const live = await livePostmaster(cluster, { user: SUPERUSER, password });
      if (live && live.pid === child.pid) {
        child.unref();
        return { ...live, exited };
      }
      await sleep(50);
    }
    const words = readFileSync(options.log, 'utf8').slice(from);
    // After a kill, the server's other processes keep its shared memory for a moment.
    if (ended && /shared memory block.*still in use|is still in use/.test(words) && Date.now() < until) {
      await sleep(250);
      continue;
    }
    child.kill('SIGQUIT');
    throw new Error(`Postgres did not start on port ${options.port}.\n${words.trim().split('\n').slice(-5).join('\n')}\nIts log: ${options.log}`);
  }
};

const adopt = ({ pid, port }: { pid: number; port: number }): Server => ({ pid, port, exited: ended(pid) });

const ended = async (pid: number): Promise<void> => {
  while (isAlive(pid)) await sleep(250, undefined, { ref: false });
};

const stop = async ({ pid, exited }: Server): Promise<void> => {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!isAlive(pid)) break;
    process.kill(pid, signal);
    const over = new AbortController();
    const late = sleep(STOP_MS, 'late' as const, { signal: over.signal }).catch(() => 'early' as const);
    const first = await Promise.race([exited, ended(pid), late]);
    // A timer that still runs would keep this process alive.
    over.abort();
    if (first !== 'late') break;
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const readPasswords = (dataDir: string): { superuser: string; owner: string } => {
  const file = join(dataDir, 'passwords.json');
  if (!existsSync(file)) {
    const fresh = { superuser: randomBytes(24).toString('hex'), owner: randomBytes(24).toString('hex') };
    writeFileSync(file, `${JSON.stringify(fresh)}\n`, { mode: 0o600 });
  }
  return JSON.parse(readFileSync(file, 'utf8')) as { superuser: string; owner: string };
};

const OWNER = 'sluice_owner';

/**
 * As the superuser of the cluster, creates the owner role (no superuser) and its database, and returns the owner's URL. Idempotent.
 * The passwords are hex, so that they need no quoting anywhere.
 */
const bootstrapCluster = async (at: {
  port: number;
  superuser: string;
  password: string;
  ownerPassword: string;
  database: string;
}): Promise<string> => {
  await withClient({ host: '127.0.0.1', port: at.port, user: at.superuser, password: at.password, database: 'postgres' }, async (client) => {
    const role = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [OWNER]);
    if (role.rowCount === 0)
      await client.query(`CREATE ROLE ${OWNER} LOGIN CREATEROLE CREATEDB NOSUPERUSER NOBYPASSRLS PASSWORD ${pg.escapeLiteral(at.ownerPassword)}`);
    const database = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [at.database]);
    if (database.rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(at.database)} OWNER ${OWNER}`);
  });
  return `postgresql://${OWNER}:${at.ownerPassword}@127.0.0.1:${at.port}/${encodeURIComponent(at.database)}`;
};
