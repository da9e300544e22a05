import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { withClient } from './with-client.js';

/**
 * The server that serves a data folder now, or null. It asks the server itself, because the pid in an old `postmaster.pid` may be
 * that of any process.
 */
export const livePostmaster = async (cluster: string, login: { user: string; password: string }): Promise<{ pid: number; port: number } | null> => {
  const [pid, , , port, , , , status] = readLines(cluster);
  if (!pid || !port || !status?.startsWith('ready')) return null;
  return withClient({ host: '127.0.0.1', port: Number(port), ...login, database: 'postgres', connectionTimeoutMillis: 2_000 }, async (client) => {
    const { rows } = await client.query<{ folder: string }>(`SELECT current_setting('data_directory') AS folder`);
    return rows[0]?.folder === cluster ? { pid: Number(pid), port: Number(port) } : null;
  }).catch(() => null);
};

/** Removes a `postmaster.pid` whose process has ended or is no Postgres. Postgres would mistake any living pid for its own. */
export const clearStalePid = (cluster: string): void => {
  const [pid] = readLines(cluster);
  if (pid && !isPostgres(Number(pid))) rmSync(join(cluster, 'postmaster.pid'), { force: true });
};

const readLines = (cluster: string): string[] => {
  const file = join(cluster, 'postmaster.pid');
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .map((line) => line.trim())
    : [];
};

const isPostgres = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const about = `/proc/${pid}/cmdline`;
  // Without /proc, Postgres has to decide.
  return !existsSync(about) || readFileSync(about, 'utf8').includes('postgres');
};
