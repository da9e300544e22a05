import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { uuidv7 } from 'uuidv7';
import { BATCH_STATES, BATCH_TRANSITIONS } from '../../domain/batch/states.js';
import { testDatabase } from '../harness/database.js';

/** The edges are written twice, in domain/ and in a trigger. They have to be the same. */

let database: Awaited<ReturnType<typeof testDatabase>>;
let owner: pg.Client;

beforeAll(async () => {
  database = await testDatabase();
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
});

afterAll(async () => {
  await owner?.end();
  await database?.drop();
});

const permitted = new Set(Object.values(BATCH_TRANSITIONS).flatMap(({ from, to }) => from.map((state) => `${state} → ${to}`)));
const pairs = BATCH_STATES.flatMap((from) => BATCH_STATES.filter((to) => to !== from).map((to) => [from, to] as const));

test.each(pairs)('a batch %s → %s, in the database as in the table [S1-23]', async (from, to) => {
  const [tenant, batch] = [uuidv7(), uuidv7()];
  await owner.query('BEGIN');
  try {
    await owner.query(`SELECT set_config('app.tenant_id', $1, true)`, [tenant]);
    // Only the control row matters here, so its foreign keys are dropped.
    await owner.query('ALTER TABLE batch_control DROP CONSTRAINT batch_control_tenant_id_batch_id_fkey');
    await owner.query('INSERT INTO batch_control (tenant_id, batch_id, state) VALUES ($1, $2, $3)', [tenant, batch, from]);
    const moved = owner.query('UPDATE batch_control SET state = $1, row_version = row_version + 1', [to]);
    if (to === 'executing' && permitted.has(`${from} → ${to}`)) await expect(moved).rejects.toThrow('three gates by three people');
    else if (permitted.has(`${from} → ${to}`)) await expect(moved).resolves.toMatchObject({ rowCount: 1 });
    else await expect(moved).rejects.toThrow(`a batch does not go from ${from} to ${to}`);
  } finally {
    await owner.query('ROLLBACK');
  }
});
