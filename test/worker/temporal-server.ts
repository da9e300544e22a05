import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../dev/stack/ports.js';
import { ensureNamespace } from '../../dev/temporal/ensure-namespace.js';
import { findTemporalCli } from '../../dev/temporal/find-cli.js';
import { readTemporalSettings, serverFlags } from '../../dev/temporal/settings.js';
import { guardServers } from '../harness/guard.js';

export interface RunningTemporal {
  address: string;
  namespace: string;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts again on the same ports; `fresh` with its state thrown away. */
  restart(state?: 'kept' | 'fresh'): Promise<void>;
  stop(): Promise<void>;
}

/** A Temporal server for one test file, set up as temporal-dev.yaml says, on free ports. */
export const startTemporal = async (): Promise<RunningTemporal> => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-temporal-'));
  const settings = readTemporalSettings();
  const cli = await findTemporalCli(() => {});
  const guard = await guardServers(folder);
  const [frontend = 0, ui = 0, metrics = 0, http = 0] = await freePorts(4);
  const address = `127.0.0.1:${frontend}`;
  const stateFile = join(folder, 'temporal.db');

  const launch = async (): Promise<ChildProcess> => {
    const child = spawn(cli, serverFlags(settings, { stateFile, ports: { frontend, ui, metrics, http } }), { stdio: 'ignore' });
    guard.note('temporal', child.pid);
    await ensureNamespace(address, settings, () => child.exitCode === null);
    return child;
  };
  let child = await launch();
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  return {
    address,
    namespace: settings.namespace,
    kill: () => end('SIGKILL'),
    restart: async (state = 'kept') => {
      await end('SIGKILL');
      if (state === 'fresh') for (const suffix of ['', '-wal', '-shm']) rmSync(`${stateFile}${suffix}`, { force: true });
      child = await launch();
    },
    stop: async () => {
      await end('SIGTERM');
      guard.release();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
