import { randomBytes } from 'node:crypto';
import { runStatements, withDatabase } from './server.js';

export interface TestDatabase {
  /** The owner role: no superuser, bound by forced row-level security. */
  ownerUrl: string;
  /** One URL a process role, as in production. */
  urls: Record<'api' | 'worker' | 'relay' | 'sequencer', string>;
  drop(): Promise<void>;
}

const OBJECT_IN_USE = '55006';

/** A migrated, empty database of its own, copied from the template that the test run made. */
export const testDatabase = async (): Promise<TestDatabase> => {
  const given = process.env['SLUICE_TEST_DATABASE'];
  if (!given) throw new Error('no test database: give this family of jest.config.js the globalSetup of test/harness/database-setup.ts');
  const { ownerUrl, template, urls } = JSON.parse(given) as { ownerUrl: string; template: string; urls: TestDatabase['urls'] };
  const name = `${template}_${randomBytes(5).toString('hex')}`;
  await runStatements(ownerUrl, [`CREATE DATABASE ${name} TEMPLATE ${template}`]);
  const at = (url: string): string => withDatabase(url, name);
  return {
    ownerUrl: at(ownerUrl),
    urls: { api: at(urls.api), worker: at(urls.worker), relay: at(urls.relay), sequencer: at(urls.sequencer) },
    // A pool that is still closing is no reason to fail a test; the end of the run drops what is left.
    drop: () =>
      runStatements(ownerUrl, [`DROP DATABASE ${name}`]).catch((error: { code?: string }) => {
        if (error.code !== OBJECT_IN_USE) throw error;
      }),
  };
};
