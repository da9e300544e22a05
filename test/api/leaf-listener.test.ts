import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { listenForLeaves } from '../../api/events/leaf-listener.js';
import { type TestDatabase, testDatabase } from '../harness/database.js';
import { until } from '../harness/until.js';

let database: TestDatabase;
let owner: pg.Client;
beforeAll(async () => {
  database = await testDatabase();
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await database.drop();
});

const LISTENERS = `FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sluice-api-listen'`;

test('a lost connection is reported once, opened again, and every waiting stream is woken', async () => {
  let [lost, woken] = [0, 0];
  // As the owner, because a role may end its own connections.
  const leaves = listenForLeaves(database.ownerUrl, { onProblem: () => {}, onLost: () => lost++ });
  try {
    leaves.subscribe(() => woken++);
    await until('it listens', async () => (woken > 0 ? true : undefined));
    expect(lost).toBe(0);
    woken = 0;
    await owner.query(`SELECT pg_terminate_backend(pid) ${LISTENERS}`);
    await until('it listens again', async () => (woken > 0 ? true : undefined));
    expect(lost).toBe(1);
  } finally {
    await leaves.close();
  }
});

test('a connection that could not be opened is not reported as lost', async () => {
  const nowhere = new URL(database.ownerUrl);
  nowhere.pathname = '/there_is_no_such_database';
  const problems: unknown[] = [];
  let lost = 0;
  const leaves = listenForLeaves(nowhere.href, { onProblem: (error) => problems.push(error), onLost: () => lost++ });
  try {
    await until('it has failed twice', async () => (problems.length > 1 ? true : undefined));
    expect(lost).toBe(0);
  } finally {
    await leaves.close();
  }
});
