import { readFileSync } from 'node:fs';
import pg from 'pg';
import { listMigrations } from '../../dev/postgres/migrate.js';
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
  return {
    client,
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
