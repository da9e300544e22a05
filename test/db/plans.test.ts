import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { PLAN_NAMES } from '../../domain/plans.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openOldDatabase } from '../harness/old-database.js';
import { openWorld, type World } from '../world/open.js';
import type { Operator } from '../world/operators.js';
import { type Attempts, openAttempts, type Statement } from './attempts.js';

jest.setTimeout(120_000);

const { newId } = systemEntropy;

describe('the plan of a workspace', () => {
  let world: World;
  let attempts: Attempts;
  let ada: Operator;
  beforeAll(async () => {
    world = await openWorld();
    attempts = await openAttempts(world);
    ada = await world.operator();
  });
  afterAll(async () => {
    await attempts?.close();
    await world?.close();
  });

  const set = (by: string, plan = 'pro'): Statement => ['SELECT sluice_set_plan($1, $2)', [by, plan]];

  test('is written by no process but through the function, and by it for an operator alone', async () => {
    const { attempt } = attempts;
    for (const role of ['api', 'worker', 'relay', 'sequencer'] as const)
      expect(await attempt(role, [`UPDATE workspace SET plan = 'starter'`])).toMatch(/permission denied/);
    expect(await attempt('api', set(newId()))).toMatch(/an operator changes a plan/);
    expect(await attempt('api', set(ada.id))).toBeNull();
    expect(await attempt('api', ['UPDATE operator_key SET revoked_at = now()'])).toMatch(/permission denied/);
    expect(await attempt('worker', set(ada.id))).toMatch(/permission denied/);
    await world.sql('UPDATE operator_key SET revoked_at = now() WHERE operator_id = $1', [ada.id]);
    expect(await attempt('api', set(ada.id))).toMatch(/an operator changes a plan/);
    await world.sql('UPDATE operator_key SET revoked_at = NULL WHERE operator_id = $1', [ada.id]);
  });

  test('is one of those that the code has, and the database takes all of them', async () => {
    for (const plan of PLAN_NAMES) expect([plan, await attempts.attempt('api', set(ada.id, plan))]).toEqual([plan, null]);
    expect(await attempts.attempt('api', set(ada.id, 'free'))).toMatch(/workspace_plan/);
  });

  test('is changed for the workspaces of the organization, and for no other', async () => {
    const { run } = attempts;
    const other = await world.workspace();
    const of = (tenantId: string): Statement => [`SELECT FROM (SELECT sluice_workspace_plan($1) AS plan) p WHERE plan = 'pro'`, [tenantId]];
    expect(await run('api', [set(ada.id), of(world.home.tenantId)])).toBe(1);
    expect(await run('api', [set(ada.id), of(other.tenantId)])).toBe(0);
  });
});

test('a database of before has every workspace in the plan without limits, and its keys go on', async () => {
  const LAST_BEFORE = '0034';
  const old = await openOldDatabase();
  const { client } = old;
  try {
    await old.migrateTo(LAST_BEFORE);
    const tenant = await old.workspace();
    const owner = newId();
    await client.query('INSERT INTO person (id, email, name, password_hash) VALUES ($1, $2, $3, $4)', [owner, 'a@example.com', 'Ada', 'none']);
    await client.query('INSERT INTO membership (tenant_id, person_id, roles) VALUES ($1, $2, $3)', [tenant, owner, ['owner']]);
    const hash = randomBytes(32);
    await client.query(
      `INSERT INTO api_key (tenant_id, id, name, prefix, token_hash, scopes, owner_person_id) VALUES ($1, $2, 'a key', 'p', $3, $4, $5)`,
      [tenant, newId(), hash, ['batches.read'], owner],
    );
    await old.enter('');
    await old.migrateFrom(LAST_BEFORE);
    await old.enter(tenant);
    const { rows } = await client.query('SELECT w.plan, k.token_hash FROM workspace w JOIN api_key k USING (tenant_id)');
    expect(rows).toEqual([{ plan: 'enterprise', token_hash: hash }]);
  } finally {
    await old.close();
  }
});
