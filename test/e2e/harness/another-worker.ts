import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../../dev/data-folder/places.js';
import { runProcess } from '../../../dev/stack/run-process.js';
import { guardServers } from '../../harness/guard.js';
import { until } from '../../harness/until.js';
import { isStopped } from './process.js';
import type { World } from './world.js';

/** A worker process beside the stack's own, on the same database, Temporal and provider. Nobody starts it again when it ends. */
export interface AnotherWorker {
  log: string;
  /** Resolves when it takes work. */
  ready: Promise<void>;
  /** Waits until it has ended. */
  died(): Promise<void>;
  /** Waits until it stands still at its failpoint. */
  stopped(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Ends it in order, after what it has in flight. */
  stop(): Promise<void>;
}

let started = 0;

/** Starts one, with the configuration of the stack's worker and `env` on top. */
export const startAnotherWorker = async (world: World, env: Record<string, string> = {}): Promise<AnotherWorker> => {
  const folder = join(world.dataDir, `worker-${++started}`);
  const guard = await guardServers(folder);
  const log = join(folder, 'worker.log');
  const { pid, ready, exited, stop } = runProcess({
    name: 'another worker',
    command: process.execPath,
    args: ['--import', 'tsx', '--enable-source-maps', 'worker/dev.ts'],
    cwd: ROOT,
    log,
    graceMs: 20_000,
    env: { ...process.env, ...world.stack.state().environment.worker, ...world.env.worker, SLUICE_HEALTH_PORT: '0', ...env },
    ready: async (alive) => {
      const takesWork = () => readFileSync(log, 'utf8').includes('the worker takes work');
      await until('the other worker to take work', async () => (takesWork() || !alive() ? true : undefined));
      if (!takesWork()) throw new Error('it ended');
    },
  });
  guard.note('worker', pid);
  let gone = false;
  void exited.then(() => {
    gone = true;
    guard.release();
  });
  // One that dies at its failpoint need not become ready.
  ready.catch(() => undefined);
  return {
    log,
    ready,
    died: () => until('the other worker to die', async () => gone || undefined, 120_000).then(() => undefined),
    stopped: async () => {
      await until('the other worker to stop at its failpoint', async () => (isStopped(pid) ? true : undefined));
    },
    kill: (signal) => void process.kill(pid, signal),
    stop,
  };
};
