import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

declare global {
  var sluiceDatabaseServer: ChildProcess | undefined;
}

/**
 * Starts the database server of this test run and hands its template to the tests by SLUICE_TEST_DATABASE. A process of
 * its own, because jest loads this file as CommonJS and the rest of Sluice is not. A caller that runs jest many times
 * sets the variable itself, to a template that it keeps.
 */
export default async (): Promise<void> => {
  if (process.env['SLUICE_TEST_DATABASE']) return;
  // In a session of its own: no signal for the group of the test run reaches it.
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/harness/database-server.ts'], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  globalThis.sluiceDatabaseServer = child;
  process.env['SLUICE_TEST_DATABASE'] = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`the test database did not start (exit code ${code}); its words are above`)));
  });
};
