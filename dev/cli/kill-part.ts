import { setTimeout as sleep } from 'node:timers/promises';
import { supervisorOf } from '../data-folder/lock.js';
import { placesIn } from '../data-folder/places.js';
import { identify, isThere, signal } from '../data-folder/process-identity.js';
import { readState } from '../data-folder/state.js';

export const KILLABLE = ['worker', 'api', 'temporal', 'postgres'] as const;
export type Killable = (typeof KILLABLE)[number];

const BACK_MS = 20_000;

/**
 * `sluice dev kill PART`: kill -9 of one process of the running demo stack. Returns the pid that was killed and the one
 * that took its place, or null when none did within 20 s. Throws an Error when no stack runs on this data folder, or the part runs elsewhere.
 */
export const killPart = async (dataDir: string, part: Killable): Promise<{ killed: number; now: number | null }> => {
  const { stackFile } = placesIn(dataDir);
  if (!supervisorOf(dataDir)) throw new Error(`No stack runs on ${dataDir}. Start one: npm start`);
  const pid = readState(stackFile)?.processes[part]?.pid;
  const identity = pid ? identify(pid) : null;
  if (!pid || !identity) throw new Error(`${part} does not run here.`);
  signal(pid, 'SIGKILL');
  for (let until = Date.now() + BACK_MS; Date.now() < until; await sleep(50)) {
    const next = readState(stackFile)?.processes[part]?.pid;
    if (next && next !== pid && !isThere(identity)) return { killed: pid, now: next };
  }
  return { killed: pid, now: null };
};
