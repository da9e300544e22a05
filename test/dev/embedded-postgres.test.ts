import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../dev/postgres/embedded.js';
import { ensureLogins } from '../../dev/postgres/logins.js';
import { migrate } from '../../dev/postgres/migrate.js';
import { choosePorts } from '../../dev/stack/ports.js';
import { guardServers } from '../harness/guard.js';

let folder: string;
let server: EmbeddedPostgres;
let guard: Awaited<ReturnType<typeof guardServers>>;
const ask = async <Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
};
const start = async () => {
  const { postgres: port } = await choosePorts('free', {});
  const started = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), port, log: join(folder, 'postgres.log') });
  guard.note('postgres', started.pid);
  return started;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-embedded-'));
  // Where we are root the cluster would otherwise lie in another folder, and stay after the test.
  chmodSync(folder, 0o755);
  guard = await guardServers(folder);
  server = await start();
}, 60_000);
afterAll(async () => {
  await server?.stop();
  guard?.release();
  rmSync(folder, { recursive: true, force: true });
});

test('the owner is no superuser, and commits are durable', async () => {
  expect(
    await ask(
      server.ownerUrl,
      `SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, current_setting('fsync') AS fsync FROM pg_roles WHERE rolname = current_user`,
    ),
  ).toEqual([{ rolsuper: false, rolbypassrls: false, rolcreaterole: true, rolcreatedb: true, fsync: 'on' }]);
});

test('a second start on the same data takes over the server that runs', async () => {
  const again = await start();
  expect([again.pid, again.port]).toEqual([server.pid, server.port]);
});

test('migrations run once, and logins belong to one group each', async () => {
  expect(await migrate(server.ownerUrl)).toBe('migrated');
  expect(await migrate(server.ownerUrl)).toBe('was current');
  const urls = await ensureLogins(server.ownerUrl, join(folder, 'logins.json'));
  expect(await ensureLogins(server.ownerUrl, join(folder, 'logins.json'))).toEqual(urls);
  for (const [name, url] of Object.entries(urls))
    expect(
      await ask(url, `SELECT r::regrole::text AS role FROM (SELECT roleid AS r FROM pg_auth_members WHERE member = current_user::regrole) m`),
    ).toEqual([{ role: `sluice_${name}` }]);
  // The passwords are lost: the roles get new ones.
  const others = await ensureLogins(server.ownerUrl, join(folder, 'other-logins.json'));
  expect(await ask(others.api, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await expect(ask(urls.api, 'SELECT 1')).rejects.toThrow(/password/);
}, 60_000);

test('migrations that were broken off are applied again by the next start', async () => {
  await ask(server.ownerUrl, 'CREATE DATABASE broken_off');
  const url = new URL(server.ownerUrl);
  url.pathname = '/broken_off';
  // As Prisma leaves it when it is killed: the migration began, and Postgres has rolled its script back.
  await ask(
    url.href,
    `CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz,
       migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(),
       applied_steps_count int NOT NULL DEFAULT 0)`,
  );
  await ask(url.href, `INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('1', 'x', '0001_books')`);
  expect(await migrate(url.href)).toBe('migrated');
  expect(await migrate(url.href)).toBe('was current');
}, 60_000);

test('an owner without the rights gets the exact SQL, and with it all goes well', async () => {
  await ask(server.ownerUrl, `CREATE ROLE other LOGIN CREATEROLE PASSWORD 'x'`);
  await ask(server.ownerUrl, 'CREATE DATABASE other');
  await ask(server.ownerUrl, 'GRANT other TO CURRENT_USER');
  const other = new URL(server.ownerUrl);
  [other.username, other.password, other.pathname] = ['other', 'x', '/other'];
  const words = await migrate(other.href).then(
    () => '',
    (error: Error) => error.message,
  );
  const statements = words.split('\n').filter((line) => line.startsWith('  '));
  expect(statements.join('\n')).toMatch(/ALTER DATABASE "other" OWNER TO "other";\n +GRANT sluice_api, .* TO "other" WITH ADMIN OPTION/);
  for (const statement of statements) await ask(server.ownerUrl, statement);
  expect(await migrate(other.href)).toBe('migrated');
  await ensureLogins(other.href, join(folder, 'third-logins.json'));
}, 60_000);

test('killed with -9, it starts again on the same data', async () => {
  const ended = server.exited;
  process.kill(server.pid, 'SIGKILL');
  await ended;
  const killed = server.pid;
  server = await start();
  expect(server.pid).not.toBe(killed);
  expect(await ask(server.ownerUrl, 'SELECT count(*)::int AS count FROM _prisma_migrations WHERE finished_at IS NOT NULL')).toEqual([
    { count: expect.any(Number) },
  ]);
}, 60_000);
