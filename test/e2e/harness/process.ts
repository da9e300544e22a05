import { readFileSync } from 'node:fs';
import { until } from '../../harness/until.js';
import { readValue } from './owner.js';
import type { World } from './world.js';

/** State letter of a process (proc(5)): `T` once it is stopped. */
const stateOf = (pid: number): string => /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '?';

export const isStopped = (pid: number): boolean => stateOf(pid) === 'T';

export const pidOf = (world: World, part: 'worker' | 'api'): number => world.stack.state().processes[part]?.pid ?? 0;

/**
 * `kill -9`, and a new process at once, without the supervision's back-off. An API is waited for until it is ready: before it has compared the
 * database with its published checkpoints it refuses what would lead it to a failpoint.
 */
export const killAndStart = async (world: World, part: 'worker' | 'api', env: Record<string, string> = {}): Promise<void> => {
  world.stack.kill(part, 'SIGKILL');
  await world.stack.stopPart(part);
  await world.stack.startPart(part, env);
  if (part === 'api') await until('the API to be ready', async () => ((await fetch(`${world.stack.state().api_url}/readyz`)).ok ? true : undefined));
};

/**
 * Restarts a part with a failpoint; `then` is the failpoint of the process that the supervision starts after it. Returns how
 * to wait until each was reached.
 */
export const arm = async (
  world: World,
  part: 'worker' | 'api',
  failpoint: string,
  then?: string,
): Promise<{ died: () => Promise<void>; stopped: () => Promise<void> }> => {
  // An event that still waits for its leaf could make a sequencer reach the failpoint before the test begins.
  await allSequenced(world);
  await killAndStart(world, part, { SLUICE_FAILPOINT: failpoint });
  const pid = pidOf(world, part);
  if (then) world.env[part]['SLUICE_FAILPOINT'] = then;
  return {
    died: async () => {
      await until(`the death of the ${part} at ${failpoint}`, async () => (pidOf(world, part) === pid ? undefined : true), 60_000);
    },
    stopped: async () => {
      await until(`the ${part} to stop at ${then ?? failpoint}`, async () => (isStopped(pidOf(world, part)) ? true : undefined), 60_000);
      delete world.env[part]['SLUICE_FAILPOINT'];
    },
  };
};

export const allSequenced = async (world: World): Promise<void> => {
  await until('a leaf for every event', async () => ((await unsequenced(world)) === 0 ? true : undefined));
};

const unsequenced = async (world: World): Promise<number> => Number(await readValue(world, 'SELECT count(*) AS value FROM audit_pending'));

/** Waits until the database's clock is past every lease and past Temporal's wait for a heartbeat (workflows/policies.ts). */
export const pastLeases = async (world: World): Promise<void> => {
  const from = await readValue<Date>(world, 'SELECT clock_timestamp() AS value');
  await until('the end of every lease', async () => {
    const past = await readValue<boolean>(
      world,
      `SELECT clock_timestamp() > greatest((SELECT max(lease_until) FROM dispatch), $1::timestamptz + interval '4 s') AS value`,
      [from],
    );
    return past ? true : undefined;
  });
};
