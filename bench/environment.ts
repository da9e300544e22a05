import { execFileSync } from 'node:child_process';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';
import pg from 'pg';
import type { StackState } from '../dev/data-folder/state.js';

/** The machine and its settings: the figures hold only for these. */
export const describeEnvironment = async (state: StackState) => {
  const client = new pg.Client({ connectionString: state.database.owner_url });
  await client.connect();
  const setting = async (name: string): Promise<string> =>
    (await client.query<{ value: string }>(`SELECT current_setting($1) AS value`, [name])).rows[0]?.value ?? '';
  try {
    return {
      kind: 'environment',
      at: new Date().toISOString(),
      commit: commit(),
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      system: `${platform()} ${release()} ${arch()}`,
      node: process.version,
      postgres: `Postgres ${await setting('server_version')}`,
      fsync: await setting('fsync'),
      synchronousCommit: await setting('synchronous_commit'),
      sharedBuffers: await setting('shared_buffers'),
      load: loadavg(),
    };
  } finally {
    await client.end();
  }
};

const commit = (): string => {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
};
