import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../dev/postgres/embedded.js';
import { ensureLogins } from '../../dev/postgres/logins.js';
import { listMigrations, migrate } from '../../dev/postgres/migrate.js';
import { freePorts } from '../../dev/stack/ports.js';
import { runStatements, withDatabase } from './server.js';

/**
 * The database server of one test run: an embedded Postgres on a free port with a folder of its own, or the one of
 * DATABASE_URL. It holds a migrated template, prints where that is as one line of JSON, and cleans up when its standard
 * input ends, which it also does when the test run is killed.
 */

/** Nothing here outlives the run, so nothing has to reach the disk. */
const THROWAWAY = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };

/** Drops what the run left: its databases, then its login roles. */
const clean = async (ownerUrl: string, template: string): Promise<void> => {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(`SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)`, [template]);
    for (const { name } of rows) await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)}`);
    for (const role of ['api', 'worker', 'relay', 'sequencer']) await client.query(`DROP ROLE IF EXISTS ${template}_${role}_login`);
  } finally {
    await client.end();
  }
};

const stopped = new Promise<void>((resolve) => {
  process.stdin.resume().once('end', resolve).once('close', resolve);
});
// What ends the test run closes our standard input. A signal for its whole group must not end us before the server has stopped.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const folder = mkdtempSync(join(tmpdir(), 'sluice-database-'));
chmodSync(folder, 0o755);
let server: EmbeddedPostgres | undefined;
try {
  const given = process.env['DATABASE_URL'];
  const [port = 0] = await freePorts(1);
  if (!given)
    server = await startEmbeddedPostgres({
      dataDir: join(folder, 'postgres'),
      port,
      log: join(folder, 'postgres.log'),
      settings: THROWAWAY,
    });
  const ownerUrl = given ?? server?.ownerUrl ?? '';
  const hash = createHash('sha256').update(JSON.stringify(listMigrations())).digest('hex').slice(0, 8);
  const template = `sluice_test_${hash}_${randomBytes(3).toString('hex')}`;
  await runStatements(ownerUrl, [`CREATE DATABASE ${template}`]);
  try {
    const templateUrl = withDatabase(ownerUrl, template);
    await migrate(templateUrl);
    const urls = await ensureLogins(templateUrl, join(folder, 'logins.json'));
    process.stdout.write(`${JSON.stringify({ ownerUrl, template, urls })}\n`);
    await stopped;
  } finally {
    if (given) await clean(ownerUrl, template);
  }
} finally {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
