import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process, distinguishable from a later one with the same pid. */
export interface ProcessIdentity {
  pid: number;
  /** Its start time as the system gives it; only compared, never parsed. */
  birth: string;
}

export const identify = (pid: number): ProcessIdentity | null => {
  const birth = startTimeOf(pid);
  return birth === null || birth === 'unknown' ? null : { pid, birth };
};

/** Whether this same process still runs. A zombie does not; one that cannot be looked at for now does. */
export const isThere = ({ pid, birth }: ProcessIdentity): boolean => [birth, 'unknown'].includes(startTimeOf(pid) ?? '');

/** Signals a process, or the group that it leads. Does nothing when it has ended. */
export const signal = (pid: number, name: NodeJS.Signals, whom: 'process' | 'group' = 'process'): void => {
  try {
    process.kill(whom === 'group' ? -pid : pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

/** Ends a process: sends `ask`, waits `graceMs`, then kills its group if it still runs. */
export const end = async (who: ProcessIdentity, ask: NodeJS.Signals, graceMs: number): Promise<void> => {
  if (!isThere(who)) return;
  signal(who.pid, ask);
  // A stopped process handles other signals only after this one.
  signal(who.pid, 'SIGCONT');
  for (let until = Date.now() + graceMs; Date.now() < until && isThere(who); ) await sleep(25);
  if (isThere(who)) signal(who.pid, 'SIGKILL', 'group');
  for (let until = Date.now() + 1_000; Date.now() < until && isThere(who); ) await sleep(10);
};

/** Null: there is no such process. `unknown`: the system cannot say, for instance because no more files may be opened. */
const startTimeOf = (pid: number): string | null => {
  if (existsSync('/proc/self/stat')) {
    try {
      // Fields after the name, because the name may hold blanks: the first is the state, the twentieth the start time.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()?.split(' ') ?? [];
      return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
    } catch (error) {
      return ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '') ? null : 'unknown';
    }
  }
  const { status, stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  // 1: no such process. Anything else says nothing about it.
  if (status === 0) return stdout.trim();
  return status === 1 ? null : 'unknown';
};
