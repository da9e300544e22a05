import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { takeFolder } from '../../dev/data-folder/lock.js';

/**
 * Servers of a test that can't notice its end themselves end with it, also when it is killed: a guardian in a session of its own, which no
 * signal to the test run reaches, ends what the roll of the folder names, as the next `npm start` does. Returns how to send the
 * guardian away, once the servers have stopped.
 */
export const guardFolder = (folder: string): (() => void) => {
  const guardian = spawn(process.execPath, ['--import', 'tsx', 'test/harness/guardian.ts', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  guardian.unref();
  (guardian.stdin as Socket).unref();
  return () => guardian.stdin.end('done');
};

/** The same for a folder without a stack: `note` puts a server into its roll. */
export const guardServers = async (
  folder: string,
): Promise<{ note: (name: 'temporal' | 'postgres' | 'worker', pid: number | undefined) => void; release: () => void }> => {
  const lock = await takeFolder(folder, () => {});
  const release = guardFolder(folder);
  return { note: (name, pid) => pid !== undefined && lock.note(name, pid), release };
};
