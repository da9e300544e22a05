import { accessSync, chmodSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { placesIn } from './places.js';
import { end, identify, isThere, type ProcessIdentity } from './process-identity.js';

/** The processes of the stack on a data folder: the supervisor, and the ones that it started. */
export interface Roll {
  supervisor: ProcessIdentity;
  processes: Record<string, ProcessIdentity>;
}

/** The stack of this data folder runs already. */
export class AlreadyRunning extends Error {
  constructor(readonly pid: number) {
    super(`the stack of this folder runs already (process ${pid})`);
  }
}

/** The last to start is the first to stop. */
const ORDER = ['api', 'worker', 'mail', 'provider', 'temporal', 'postgres'];

/**
 * Locks the data folder for this process. When the supervisor of an old lock has died, this ends the processes that it left running.
 * Throws AlreadyRunning when that supervisor lives, and an Error when the folder can't be written.
 */
export const takeFolder = async (dataDir: string, say: (line: string) => void): Promise<FolderLock> => {
  try {
    makeFolder(dataDir, 0o700);
    accessSync(dataDir, constants.W_OK);
  } catch (error) {
    throw new Error(
      `The data folder ${dataDir} can't be written (${(error as Error).message}). Make it writable, or name another: npm start -- --data-dir DIR`,
    );
  }
  const file = placesIn(dataDir).roll;
  const me = identify(process.pid);
  if (!me) throw new Error('the identity of this process cannot be read');
  const roll: Roll = { supervisor: me, processes: {} };
  for (;;) {
    const old = read(file);
    if (old && isThere(old.supervisor)) throw new AlreadyRunning(old.supervisor.pid);
    if (old) await endOrphans(old, say);
    rmSync(file, { force: true });
    try {
      writeFileSync(file, JSON.stringify(roll), { flag: 'wx', mode: 0o600 });
      return new FolderLock(file, roll);
    } catch (error) {
      // Another start was faster, so read its lock.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
};

/**
 * Creates the folder level by level, because Node's recursive mkdir never ends on file systems such as /proc. The levels above the data folder
 * hold nothing of ours, and other users may pass through them, also where the umask says otherwise: one of them may be the server's.
 */
const makeFolder = (folder: string, mode: number): void => {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder), 0o755);
  mkdirSync(folder, { mode });
  chmodSync(folder, mode);
};

export class FolderLock {
  constructor(
    private readonly file: string,
    private readonly roll: Roll,
  ) {}

  /** Records a process, so that a later start finds it when this one was killed. */
  note(name: string, pid: number): void {
    const identity = identify(pid);
    if (!identity) return;
    this.roll.processes[name] = identity;
    writeFileSync(this.file, JSON.stringify(this.roll), { mode: 0o600 });
  }

  unlock(): void {
    rmSync(this.file, { force: true });
  }
}

/** The supervisor of a data folder, if it lives. */
export const supervisorOf = (dataDir: string): ProcessIdentity | null => {
  const roll = read(placesIn(dataDir).roll);
  return roll && isThere(roll.supervisor) ? roll.supervisor : null;
};

const endOrphans = async ({ processes }: Roll, say: (line: string) => void): Promise<void> => {
  for (const name of ORDER) {
    const orphan = processes[name];
    if (!orphan || !isThere(orphan)) continue;
    say(`left-over          ending ${name} (process ${orphan.pid}) of a killed start`);
    await end(orphan, name === 'postgres' ? 'SIGINT' : 'SIGTERM', 5_000);
  }
};

const read = (file: string): Roll | null => {
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Roll;
  } catch {
    // A crash cut the file off, so it locks nothing.
    return null;
  }
};
