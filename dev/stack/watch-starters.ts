import { identify, isThere } from '../data-folder/process-identity.js';

const LOOK_MS = 500;

/**
 * Calls `gone` with the pid, once, when one of the processes that started this one has ended; soon also for one that ended before the call.
 * Nothing tells a process of the end of another but its child, so this looks twice a second.
 */
export const watchStarters = (pids: readonly number[], gone: (pid: number) => void): void => {
  const starters = pids.map((pid) => ({ pid, identity: identify(pid) }));
  const timer = setInterval(() => {
    const ended = starters.find(({ identity }) => !identity || !isThere(identity));
    if (!ended) return;
    clearInterval(timer);
    gone(ended.pid);
  }, LOOK_MS);
};

/** The pids that the launcher (dev/start.mjs) names; none without it. */
export const startersFrom = (text: string | undefined): number[] => (text ? text.split(',').map(Number) : []);
