import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { supervisorOf, takeFolder } from '../../dev/data-folder/lock.js';
import { placesIn } from '../../dev/data-folder/places.js';
import { end, identify, isThere, type ProcessIdentity } from '../../dev/data-folder/process-identity.js';
import type { PartName } from '../../dev/data-folder/state.js';
import { guardFolder } from '../harness/guard.js';
import { until } from '../harness/until.js';

/** How long a start may take, ms: the first one on a folder creates the cluster and migrates. */
const START_MS = 200_000;

/** A data folder in which a test starts the real stack, as often as it likes. */
export interface Sandbox {
  dataDir: string;
  /** What follows `npm start --`, for free ports and this folder. */
  flags: string[];
  /** Ends what a failed test has left running, and removes the folder. */
  remove(): Promise<void>;
}

export const makeSandbox = (): Sandbox => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-started-'));
  // The user that the embedded Postgres runs as, where we are root, has to reach it.
  chmodSync(folder, 0o755);
  const dataDir = join(folder, 'data');
  mkdirSync(dataDir);
  const release = guardFolder(dataDir);
  return {
    dataDir,
    flags: ['--no-demo', '--port-base', '0', '--data-dir', dataDir],
    remove: async () => {
      const left = supervisorOf(dataDir);
      if (left) await end(left, 'SIGTERM', 30_000);
      (await takeFolder(dataDir, () => {})).unlock();
      release();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** The processes of a stack. */
export interface StartedStack {
  supervisor: ProcessIdentity;
  parts: Partial<Record<PartName, ProcessIdentity>>;
}

/**
 * Starts a command that leads to the launcher, in a session of its own. Waits until everything runs, or only until the servers have been
 * started and the rest of the start goes on.
 */
export const start = async (
  { dataDir }: Sandbox,
  [command = '', ...args]: string[],
  { env = {}, until: wanted = 'everything' }: { env?: Record<string, string>; until?: 'everything' | 'servers' } = {},
): Promise<{ child: ChildProcess; stack: StartedStack }> => {
  if (supervisorOf(dataDir)) throw new Error('the stack of an earlier test still runs');
  const { DATABASE_URL: _, TEMPORAL_ADDRESS: __, ...own } = process.env;
  const child = spawn(command, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...own, ...env } });
  let screen = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      screen += chunk;
    });
  const places = placesIn(dataDir);
  const log = (): string => (existsSync(places.logs.supervisor) ? readFileSync(places.logs.supervisor, 'utf8') : '');
  const before = log().length;
  const stack = await until(
    `the start of ${wanted}`,
    async () => {
      if (child.exitCode !== null) return null;
      const present = stackOn(dataDir);
      if (wanted === 'servers') return present.parts.postgres && present.parts.temporal ? present : undefined;
      // These lines stand in the log also when nobody reads the output.
      const said = log().slice(before);
      return STEPS.every((step) => said.includes(` ${step} `)) ? present : undefined;
    },
    START_MS,
  );
  if (!stack) throw new Error(`${command} ended (exit code ${child.exitCode}):\n${screen}`);
  return { child, stack };
};

/** The steps of a start that start a process. */
const STEPS = ['Postgres', 'Temporal', 'sandbox provider', 'worker', 'API'];

/** The supervisor and the present processes of the parts, as the roll names them. */
export const stackOn = (dataDir: string): StartedStack => {
  const roll = JSON.parse(readFileSync(placesIn(dataDir).roll, 'utf8')) as { supervisor: ProcessIdentity; processes: StartedStack['parts'] };
  return { supervisor: roll.supervisor, parts: roll.processes };
};

/** A process and those above it, up to `last`. */
export const lineOf = (pid: number, last: number): ProcessIdentity[] => {
  const identity = identify(pid);
  if (!identity) throw new Error(`process ${pid} is gone`);
  if (pid === last) return [identity];
  const parent = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()?.split(' ')[1]);
  return [identity, ...lineOf(parent, last)];
};

export const areGone = async (who: readonly ProcessIdentity[]): Promise<void> => {
  await until(`the end of ${who.map(({ pid }) => pid).join(', ')}`, async () => (who.some(isThere) ? undefined : true), 60_000);
};
