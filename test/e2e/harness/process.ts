import { readFileSync } from 'node:fs';
import pg from 'pg';
import type { PartName } from '../../../dev/stack/state.js';
import { until } from '../../harness/until.js';
import type { World } from './world.js';

/** State letter of a process (proc(5)): `T` once it is stopped. */
const stateOf = (pid: number): string => /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '?';

const pidOf = (world: World, part: PartName): number => world.stack.state().processes[part]?.pid ?? 0;

/** Restarts a part armed with a failpoint; answers how to wait until it has struck. */
export const arm = async (
  world: World,
  part: 'worker' | 'api',
  failpoint: string,
): Promise<{ died: () => Promise<void>; stopped: () => Promise<void> }> => {
  await world.stack.restart(part, { SLUICE_FAILPOINT: failpoint });
  const pid = pidOf(world, part);
  return {
    died: async () => {
      await until(`the death of the ${part} at ${failpoint}`, async () => (pidOf(world, part) !== pid ? true : undefined), 30_000);
    },
    stopped: async () => {
      await until(`the ${part} to stop at ${failpoint}`, async () => (stateOf(pid) === 'T' ? true : undefined), 30_000);
    },
  };
};

/** Until the database's clock is past every lease and past what Temporal waits for a heartbeat. */
export const pastLeases = async (world: World, tenantId: string): Promise<void> => {
  const client = new pg.Client({ connectionString: world.stack.state().database.owner_url });
  await client.connect();
  try {
    const { rows } = await client.query<{ at: Date }>('SELECT clock_timestamp() AS at');
    await until('the end of every lease', async () => {
      await client.query('BEGIN');
      await client.query(`SELECT set_config('app.tenant_id', $1, true)`, [tenantId]);
      const { rows: ended } = await client.query<{ past: boolean }>(
        `SELECT clock_timestamp() > greatest((SELECT max(lease_until) FROM payment_attempt), $1::timestamptz + interval '6 s') AS past`,
        [rows[0]?.at],
      );
      await client.query('COMMIT');
      return ended[0]?.past ? true : undefined;
    });
  } finally {
    await client.end();
  }
};
