import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireRights } from './rights.js';
import { withClient } from './with-client.js';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const MIGRATIONS = join(ROOT, 'prisma', 'migrations');

export interface Migration {
  name: string;
  /** SHA-256 of migration.sql in hex, as Prisma stores it for an applied migration. */
  checksum: string;
}

/** The migrations of this checkout, in the order in which they are applied. */
export const listMigrations = (): Migration[] =>
  readdirSync(MIGRATIONS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => ({
      name,
      checksum: createHash('sha256')
        .update(readFileSync(join(MIGRATIONS, name, 'migration.sql')))
        .digest('hex'),
    }));

/**
 * Applies the migrations of this checkout with Prisma Migrate, as the owner, and creates the partitions of the coming months. Prisma
 * does not start when its own table shows that nothing is missing. Throws an Error with Prisma's message when a migration fails.
 */
export const migrate = async (ownerUrl: string): Promise<'migrated' | 'was current'> => {
  const outcome = await deploy(ownerUrl);
  await addMonths(ownerUrl);
  return outcome;
};

const deploy = async (ownerUrl: string): Promise<'migrated' | 'was current'> => {
  if (await isCurrent(ownerUrl)) return 'was current';
  let { code, output } = await runPrisma(['migrate', 'deploy'], ownerUrl);
  if (code !== 0 && output.includes(BROKEN_OFF)) {
    await forgetBrokenOff(ownerUrl);
    ({ code, output } = await runPrisma(['migrate', 'deploy'], ownerUrl));
  }
  if (code !== 0) throw new Error(`The migrations failed:\n${output.trim()}`);
  if (!(await isCurrent(ownerUrl)))
    throw new Error('The database holds a migration that was edited since it was applied. Run `npm run reset`, or use a new database.');
  return 'migrated';
};

/** Prisma's word for a migration that began and never ended. It says so under its own lock, so nobody is applying it. */
const BROKEN_OFF = 'P3009';

/**
 * Marks migrations that were broken off as rolled back, so that they are applied again: a start that is ended meanwhile must not be the last
 * one. Postgres has rolled each of them back as a whole, because a script is sent as one query and none of ours ends a transaction.
 */
const forgetBrokenOff = (ownerUrl: string): Promise<void> =>
  withClient({ connectionString: ownerUrl }, async (client) => {
    await client.query('UPDATE _prisma_migrations SET rolled_back_at = now() WHERE finished_at IS NULL AND rolled_back_at IS NULL');
  });

const LOCK_NOT_AVAILABLE = '55P03';

/** Partitions for the months of coming batches. When another process holds the lock, the running relay creates them later. */
const addMonths = async (ownerUrl: string): Promise<void> => {
  await withClient({ connectionString: ownerUrl }, async (client) => {
    await client.query('SELECT sluice_add_months()').catch((error: { code?: string }) => {
      if (error.code !== LOCK_NOT_AVAILABLE) throw error;
    });
  });
};

const isCurrent = (ownerUrl: string): Promise<boolean> =>
  withClient({ connectionString: ownerUrl }, async (client) => {
    const [there] = (await client.query<{ table: string | null }>(`SELECT to_regclass('_prisma_migrations')::text AS table`)).rows;
    if (!there?.table) {
      await requireRights(client);
      return false;
    }
    const applied = await client.query<{ migration_name: string; checksum: string }>(
      'SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    );
    const checksums = new Map(applied.rows.map((row) => [row.migration_name, row.checksum]));
    return listMigrations().every(({ name, checksum }) => checksums.get(name) === checksum);
  });

/** Runs Prisma's command line against a database, with the schema engine of this machine. */
export const runPrisma = (args: string[], ownerUrl: string): Promise<{ code: number; output: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'node_modules', 'prisma', 'build', 'index.js'), ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        // schema-engine.mjs starts by its first line, which has to find the Node that runs here.
        PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
        MIGRATE_DATABASE_URL: ownerUrl,
        PRISMA_SCHEMA_ENGINE_BINARY: schemaEngine(),
        PRISMA_HIDE_UPDATE_MESSAGE: '1',
        CHECKPOINT_DISABLE: '1',
      },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output += chunk;
      });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });

/** Path of the native engine if it is installed, else of schema-engine.mjs. */
const schemaEngine = (): string => {
  const named = process.env['PRISMA_SCHEMA_ENGINE_BINARY'];
  if (named && existsSync(named)) return named;
  const engines = join(ROOT, 'node_modules', '@prisma', 'engines');
  const native =
    existsSync(engines) &&
    readdirSync(engines).find((file) => /^schema-engine-[a-z0-9.-]+$/.test(file) && !file.endsWith('.gz') && !file.endsWith('.sha256'));
  return native ? join(engines, native) : join(ROOT, 'dev', 'postgres', 'schema-engine.mjs');
};
