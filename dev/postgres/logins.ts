import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import pg from 'pg';
import { PROCESSES, type ProcessRole, requireRights } from './rights.js';
import { withClient } from './with-client.js';

export type LoginUrls = Record<ProcessRole, string>;

const NAME_MAX = 63;

/**
 * Creates the login roles of one installation (`<database>_api_login` and so on) and returns their URLs. Each is a member of only its
 * group role; the generated passwords are only in `secretsFile` (mode 0600). Only these roles and the owner may connect to the
 * database. Idempotent: it does not change a login that works. Throws an Error with the SQL to run when the owner may not create them.
 */
export const ensureLogins = async (ownerUrl: string, secretsFile: string): Promise<LoginUrls> => {
  const passwords = readPasswords(secretsFile);
  const urls = Object.fromEntries(PROCESSES.map((process) => [process, loginUrl(ownerUrl, process, passwords[process])])) as LoginUrls;
  const broken = (await Promise.all(PROCESSES.map(async (process) => ((await works(urls[process], process)) ? [] : [process])))).flat();
  if (broken.length > 0) await makeLogins(ownerUrl, broken, passwords);
  return urls;
};

const makeLogins = async (ownerUrl: string, processes: ProcessRole[], passwords: Record<ProcessRole, string>): Promise<void> => {
  await withClient({ connectionString: ownerUrl }, async (client) => {
    await requireRights(client);
    const database = pg.escapeIdentifier(client.database ?? '');
    for (const process of processes) {
      const name = roleName(ownerUrl, process);
      const role = pg.escapeIdentifier(name);
      const rights = `LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD ${pg.escapeLiteral(passwords[process])}`;
      const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
      if (rowCount === 0) await client.query(`CREATE ROLE ${role} ${rights} IN ROLE sluice_${process}`);
      else await takeOver(client, { name, process, password: passwords[process] });
      await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${role}`);
    }
    // Group roles have their rights in every Sluice database of the cluster, so only this database's own logins may connect to it.
    await client.query(`REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC`);
  });
};

/** A role of an earlier installation on the same database: it gets the new password. */
const takeOver = async (client: pg.Client, { name, process, password }: { name: string; process: ProcessRole; password: string }): Promise<void> => {
  const role = pg.escapeIdentifier(name);
  try {
    await client.query(`ALTER ROLE ${role} LOGIN PASSWORD ${pg.escapeLiteral(password)}`);
    await client.query(`GRANT sluice_${process} TO ${role}`);
  } catch (error) {
    if ((error as { code?: string }).code !== '42501') throw error;
    throw new Error(
      `The role ${name} belongs to another owner. As a superuser, run:\n  DROP OWNED BY ${role}; DROP ROLE ${role};\nthen start again.`,
    );
  }
};

/** Whether the login works and is a member of its group. */
const works = async (url: string, process: ProcessRole): Promise<boolean> => {
  return withClient({ connectionString: url, connectionTimeoutMillis: 5_000 }, async (client) => {
    const { rows } = await client.query<{ may: boolean }>('SELECT pg_has_role($1, $2) AS may', [`sluice_${process}`, 'USAGE']);
    return rows[0]?.may === true;
  }).catch(() => false);
};

const roleName = (ownerUrl: string, process: ProcessRole): string => {
  const database = decodeURIComponent(new URL(ownerUrl).pathname.slice(1));
  const suffix = `_${process}_login`;
  return `${database.slice(0, NAME_MAX - suffix.length)}${suffix}`;
};

const loginUrl = (ownerUrl: string, process: ProcessRole, password: string): string => {
  const url = new URL(ownerUrl);
  url.username = encodeURIComponent(roleName(ownerUrl, process));
  url.password = password;
  return url.href;
};

const readPasswords = (file: string): Record<ProcessRole, string> => {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const fresh = Object.fromEntries(PROCESSES.map((process) => [process, randomBytes(24).toString('hex')]));
    writeFileSync(file, `${JSON.stringify(fresh)}\n`, { mode: 0o600 });
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Record<ProcessRole, string>;
};
