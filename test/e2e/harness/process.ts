import { readFileSync } from 'node:fs';
import { until } from '../../harness/until.js';
import { readValue } from './owner.js';
import type { World } from './world.js';

/** State letter of a process (proc(5)): `T` once it is stopped. */
const stateOf = (pid: number): string => /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '?';

const pidOf = (world: World, part: 'worker' | 'api'): number => world.stack.state().processes[part]?.pid ?? 0;

/** `kill -9`, and a new process at once, without the supervision's back-off. */
export const killAndStart = async (world: World, part: 'worker' | 'api', env: Record<string, string> = {}): Promise<void> => {
  world.stack.kill(part, 'SIGKILL');
  await world.stack.stopPart(part);
  await world.stack.startPart(part, env);
};

/**
 * Starts a part anew, armed with a failpoint; `then` arms the process that the supervision starts after it. Answers how
 * to wait until they have struck.
 */
export const arm = async (
  world: World,
  part: 'worker' | 'api',
  failpoint: string,
  then?: string,
): Promise<{ died: () => Promise<void>; stopped: () => Promise<void> }> => {
  // What still waits for its place in the tree would strike a sequencer before the test begins.
  await until('the sealing of all events', async () => ((await unsealed(world)) === 0 ? true : undefined));
  await killAndStart(world, part, { SLUICE_FAILPOINT: failpoint });
  const pid = pidOf(world, part);
  if (then) world.env[part]['SLUICE_FAILPOINT'] = then;
  return {
    died: async () => {
      await until(`the death of the ${part} at ${failpoint}`, async () => (pidOf(world, part) === pid ? undefined : true), 60_000);
    },
    stopped: async () => {
      await until(`the ${part} to stop at ${then ?? failpoint}`, async () => (stateOf(pidOf(world, part)) === 'T' ? true : undefined), 60_000);
      delete world.env[part]['SLUICE_FAILPOINT'];
    },
  };
};

const unsealed = async (world: World): Promise<number> => Number(await readValue(world, 'SELECT count(*) AS value FROM audit_pending'));

/** Until the database's clock is past every lease and past what Temporal waits for a heartbeat (workflows/policies.ts). */
export const pastLeases = async (world: World): Promise<void> => {
  const from = await readValue<Date>(world, 'SELECT clock_timestamp() AS value');
  await until('the end of every lease', async () => {
    const past = await readValue<boolean>(
      world,
      `SELECT clock_timestamp() > greatest((SELECT max(lease_until) FROM payment_attempt), $1::timestamptz + interval '4 s') AS value`,
      [from],
    );
    return past ? true : undefined;
  });
};
