import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Stack } from '../../../dev/stack/start-stack.js';
import { runStatements, withDatabase } from '../../harness/server.js';

/** A database of one stack's own on the server of DATABASE_URL; `drop` takes its login roles away too. Null without one. */
export const ownDatabase = async (): Promise<{ url: string; drop(): Promise<void> } | null> => {
  const given = process.env['DATABASE_URL'];
  if (!given) return null;
  const name = `sluice_e2e_${randomBytes(5).toString('hex')}`;
  await runStatements(given, [`CREATE DATABASE ${name}`]);
  return {
    url: withDatabase(given, name),
    drop: () =>
      runStatements(given, [
        `DROP DATABASE ${name}`,
        ...['api', 'worker', 'relay', 'sequencer'].map((role) => `DROP ROLE IF EXISTS ${name}_${role}_login`),
      ]),
  };
};

/** An older copy of a stack's database. Stop every process that is connected to it before you call any of this. */
export interface OlderCopy {
  putBack(): Promise<void>;
  /** Throws the older one away. */
  putNewerBack(): Promise<void>;
}

export const copyDatabase = async ({ stack }: { stack: Pick<Stack, 'state'> }): Promise<OlderCopy> => {
  const { owner_url } = stack.state().database;
  const server = process.env['DATABASE_URL'] ?? withDatabase(owner_url, 'postgres');
  const present = pg.escapeIdentifier(decodeURIComponent(new URL(owner_url).pathname.slice(1)));
  const [older, newer] = ['older', 'newer'].map((age) => `sluice_${age}_${randomBytes(5).toString('hex')}`);
  await runStatements(server, [`CREATE DATABASE ${older} TEMPLATE ${present}`]);
  return {
    putBack: () => runStatements(server, [`ALTER DATABASE ${present} RENAME TO ${newer}`, `ALTER DATABASE ${older} RENAME TO ${present}`]),
    putNewerBack: () => runStatements(server, [`DROP DATABASE ${present}`, `ALTER DATABASE ${newer} RENAME TO ${present}`]),
  };
};
