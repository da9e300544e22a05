import { readFileSync } from 'node:fs';
import pg from 'pg';
import { listMigrations } from '../../dev/postgres/migrate.js';
import { systemEntropy } from '../../vault/entropy.js';
import { testDatabase } from './database.js';
import { runStatements, withDatabase } from './server.js';

/** An empty database beside the one of the tests, that is brought to an older state first and up to date afterwards, as the tables' owner. */
export const openOldDatabase = async () => {
  const server = await testDatabase();
  const name = `${new URL(server.ownerUrl).pathname.slice(1)}_old`;
  await runStatements(server.ownerUrl, [`CREATE DATABASE ${name}`]);
  const url = withDatabase(server.ownerUrl, name);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const names = listMigrations().map((one) => one.name);
  /** Each script is one query and so one transaction, as Prisma sends it. */
  const apply = async (migrations: readonly string[]): Promise<void> => {
    for (const one of migrations) await client.query(readFileSync(`prisma/migrations/${one}/migration.sql`, 'utf8'));
  };
  /** Enters a workspace, or leaves it by none, as migrations run: forced row-level security shows its rows only within. */
  const enter = (tenantId: string) => client.query(`SELECT set_config('app.tenant_id', $1, false)`, [tenantId]);
  return {
    client,
    enter,
    /** A new workspace, which is entered. Returns its id. */
    workspace: async (mode: 'live' | 'test' = 'live'): Promise<string> => {
      const [organization, tenant] = [systemEntropy.newId(), systemEntropy.newId()];
      await enter(tenant);
      await client.query('INSERT INTO organization (id, name) VALUES ($1, $2)', [organization, 'Shop']);
      await client.query(`INSERT INTO workspace (tenant_id, organization_id, name, mode) VALUES ($1, $2, 'Shop', $3)`, [tenant, organization, mode]);
      return tenant;
    },
    /** As the owner. */
    url,
    migrateTo: (last: string) => apply(names.filter((one) => one <= last)),
    migrateFrom: (last: string) => apply(names.filter((one) => one > last)),
    close: async () => {
      await client.end();
      await runStatements(server.ownerUrl, [`DROP DATABASE IF EXISTS ${name}`]);
      await server.drop();
    },
  };
};
