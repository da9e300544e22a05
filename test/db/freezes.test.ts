import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';
import type { Operator } from '../world/operators.js';
import { type Attempts, openAttempts, type Statement } from './attempts.js';

jest.setTimeout(120_000);

/** Attacks the rules of a freeze with raw SQL, as the API's own role. */

const { newId } = systemEntropy;

let world: World;
let attempts: Attempts;
let attempt: Attempts['attempt'];
let ada: Operator;
let ben: Operator;
beforeAll(async () => {
  world = await openWorld();
  attempts = await openAttempts(world);
  ({ attempt } = attempts);
  [ada, ben] = [await world.operator(), await world.operator()];
});
afterAll(async () => {
  await attempts?.close();
  await world?.close();
});

const asked = (by = ada.id): Statement => [
  `INSERT INTO workspace_freeze (tenant_id, id, reason, proposed_by, proposed_at) VALUES ($1, $2, 'x', $3, now())`,
  [world.home.tenantId, newId(), by],
];
const confirmed = (by = ben.id): Statement => ['UPDATE workspace_freeze SET confirmed_by = $1, confirmed_at = now()', [by]];
const thaw = (by = ada.id): Statement => [`UPDATE workspace_freeze SET thaw_reason = 'x', thaw_proposed_by = $1, thaw_proposed_at = now()`, [by]];
const thawed = (by = ben.id): Statement => ['UPDATE workspace_freeze SET thaw_confirmed_by = $1, ended_at = now()', [by]];
const STOP: Statement = ['UPDATE workspace SET frozen_at = now()'];
const CLOSE: Statement = ['UPDATE workspace SET closed_at = now()'];
const GO: Statement = ['UPDATE workspace SET frozen_at = NULL, closed_at = NULL'];

test('all its steps are taken by the API, each by another than the one before', async () => {
  expect(await attempt('api', asked(), STOP, confirmed(), CLOSE, thaw(), thawed(), GO)).toBeNull();
  expect(await attempt('api', asked(), STOP, ['UPDATE workspace_freeze SET ended_at = now()'], GO)).toBeNull();
});

test('nobody confirms what they asked for', async () => {
  expect(await attempt('api', asked(), confirmed(ada.id))).toMatch(/workspace_freeze_by_two/);
  expect(await attempt('api', asked(), confirmed(), thaw(), thawed(ada.id))).toMatch(/workspace_freeze_thaw_by_two/);
});

test('a freeze does not begin confirmed', async () => {
  const whole = `INSERT INTO workspace_freeze (tenant_id, id, reason, proposed_by, proposed_at, confirmed_by, confirmed_at) VALUES ($1, $2, 'x', $3, now(), $4, now())`;
  expect(await attempt('api', [whole, [world.home.tenantId, newId(), ada.id, ben.id]])).toMatch(/permission denied/);
});

test('a workspace has one freeze at a time', async () => {
  expect(await attempt('api', asked(), asked(ben.id))).toMatch(/workspace_freeze_open_idx/);
});

test('once confirmed it ends by two alone', async () => {
  expect(await attempt('api', asked(), confirmed(), ['UPDATE workspace_freeze SET ended_at = now()'])).toMatch(/workspace_freeze_ended/);
  expect(await attempt('api', asked(), confirmed(), ['UPDATE workspace_freeze SET confirmed_by = NULL, confirmed_at = NULL'])).toMatch(/stays/);
  expect(
    await attempt('api', asked(), confirmed(), thaw(), thawed(), ['UPDATE workspace_freeze SET ended_at = NULL, thaw_confirmed_by = NULL']),
  ).toMatch(/stays/);
});

test('a thaw is confirmed as it was asked for, not asked for and confirmed in one', async () => {
  const both = `UPDATE workspace_freeze SET thaw_reason = 'x', thaw_proposed_by = $1, thaw_proposed_at = now(), thaw_confirmed_by = $2, ended_at = now()`;
  expect(await attempt('api', asked(), confirmed(), [both, [ada.id, ben.id]])).toMatch(/stays/);
});

test('while a freeze is open no money leaves, and nobody works in it once it is confirmed', async () => {
  expect(await attempt('api', asked(), STOP, GO)).toMatch(/thawed by two operators/);
  expect(await attempt('api', asked(), STOP, confirmed(), CLOSE, ['UPDATE workspace SET closed_at = NULL'])).toMatch(/thawed by two operators/);
  expect(await attempt('api', CLOSE)).toMatch(/workspace_closed_is_frozen/);
});

test('who has no key that is in force is no operator', async () => {
  expect(await attempt('api', asked(newId()))).toMatch(/matter of operators|foreign key/);
  const gone = await world.operator();
  await world.sql('UPDATE operator_key SET revoked_at = now() WHERE operator_id = $1', [gone.id]);
  expect(await attempt('api', asked(gone.id))).toMatch(/matter of operators/);
  expect(await attempt('api', asked(), confirmed(gone.id))).toMatch(/matter of operators/);
  expect(await world.publicContext().operators.operator(world.hashOfToken(gone.token))).toBeNull();
});

test('no process reads or writes operators and their keys', async () => {
  for (const role of ['api', 'worker', 'relay', 'sequencer'] as const)
    for (const table of ['platform_operator', 'operator_key']) {
      expect(await attempt(role, [`SELECT * FROM ${table}`])).toMatch(/permission denied/);
      expect(await attempt(role, [`UPDATE ${table} SET created_at = now()`])).toMatch(/permission denied/);
    }
  for (const role of ['worker', 'relay', 'sequencer'] as const) expect(await attempt(role, asked())).toMatch(/permission denied/);
});

test('a tenant is made for an operator alone, once for each of their keys', async () => {
  const make = (by: string, key: string, name = 'Shop'): Statement => [
    'SELECT sluice_create_tenant($1, $2, $3, $4, $5, $6, $7)',
    [by, key, newId(), name, 'team', newId(), newId()],
  ];
  expect(await attempt('api', make(newId(), 'k'))).toMatch(/an operator makes a tenant/);
  expect(await attempt('api', make(ada.id, 'k'), make(ada.id, 'k'))).toBeNull();
  expect(await attempt('worker', make(ada.id, 'k'))).toMatch(/permission denied/);
  expect(await attempt('api', [`INSERT INTO organization (id, name) VALUES ($1, 'x')`, [newId()]])).toMatch(/permission denied/);
});
