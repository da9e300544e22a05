// Finds the processes through which `npm start` was started, because the stack ends with them (docs/adr/0056).
// Plain JavaScript without dependencies, because none are installed yet when it runs.
import { existsSync, readFileSync } from 'node:fs';

const WRITE_ONLY = 0o1;
/** Set by npm for the script that it runs, for the shell around it and for what that starts, but not for npm itself. */
const SCRIPT = 'npm_lifecycle_event';

/**
 * Pids of the processes that must stay: the parent of this process and, under npm, everything up to npm itself, because npm's shell hands
 * no signal on. Process 1 and those of other sessions (setsid, a service manager) are left out: whoever put a session in between did not mean
 * to stay. Without /proc only the parent is known.
 */
export function findStarters() {
  const me = readProcess(process.pid);
  if (!me) return process.ppid > 1 ? [process.ppid] : [];
  const starters = [];
  for (let pid = me.parent; pid > 1; ) {
    const one = readProcess(pid);
    if (one?.session !== me.session) break;
    starters.push(pid);
    if (!isInSameScript(pid)) break;
    pid = one.parent;
  }
  return starters;
}

/**
 * Whether nohup started this process from a terminal. Node forgets that SIGHUP is to be ignored, but nohup also puts a file that can't be
 * read in the terminal's place as standard input.
 */
export function isUnderNohup() {
  const about = '/proc/self/fdinfo/0';
  const flags = existsSync(about) ? /^flags:\s*([0-7]+)$/m.exec(readFileSync(about, 'utf8'))?.[1] : undefined;
  return flags !== undefined && (Number.parseInt(flags, 8) & 0o3) === WRITE_ONLY;
}

function readProcess(pid) {
  try {
    // The fields after the name, because the name may hold blanks: state, parent, group, session.
    const [, parent, , session] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop().split(' ').map(Number);
    return { parent, session };
  } catch {
    return null;
  }
}

/** Whether the process is a part of the npm script that this one is a part of. */
function isInSameScript(pid) {
  const script = process.env[SCRIPT];
  if (script === undefined) return false;
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`${SCRIPT}=${script}`);
  } catch {
    // It belongs to another user, so npm did not start it here.
    return false;
  }
}
