import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that can be told from a later one that got the same pid. */
export interface ProcessIdentity {
  pid: number;
  /** When it was born, as the system says it; compared, never read. */
  birth: string;
}

export const identify = (pid: number): ProcessIdentity | null => {
  const birth = birthOf(pid);
  return birth === null ? null : { pid, birth };
};

/** Is this very process still there? A zombie is not. */
export const isThere = ({ pid, birth }: ProcessIdentity): boolean => birthOf(pid) === birth;

/** Signals a process, and its whole group where it leads one. Nothing happens when it is gone. */
export const signal = (pid: number, name: NodeJS.Signals, whom: 'process' | 'group' = 'process'): void => {
  try {
    process.kill(whom === 'group' ? -pid : pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

/** Ends a process: asks, waits, and kills its group when it does not go. */
export const end = async (who: ProcessIdentity, ask: NodeJS.Signals, graceMs: number): Promise<void> => {
  if (!isThere(who)) return;
  signal(who.pid, ask);
  // A stopped process hears nothing but this.
  signal(who.pid, 'SIGCONT');
  for (let until = Date.now() + graceMs; Date.now() < until && isThere(who); ) await sleep(25);
  if (isThere(who)) signal(who.pid, 'SIGKILL', 'group');
  for (let until = Date.now() + 1_000; Date.now() < until && isThere(who); ) await sleep(10);
};

const birthOf = (pid: number): string | null => {
  if (existsSync('/proc/self/stat')) {
    try {
      // Past the name, which may hold anything: state is the first field, start time the twentieth.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()?.split(' ') ?? [];
      return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
    } catch {
      return null;
    }
  }
  const { status, stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
};
