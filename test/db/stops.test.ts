import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { type Attempts, acting, openAttempts, type Statement } from './attempts.js';

jest.setTimeout(120_000);

/** Attacks the rules of a stop with raw SQL, as the API's own role. */

let world: World;
let attempts: Attempts;
let attempt: Attempts['attempt'];
let olu: Person;
let ann: Person;
beforeAll(async () => {
  world = await openWorld();
  attempts = await openAttempts(world);
  ({ attempt } = attempts);
  [olu, ann] = [await world.person('owner'), await world.person('admin')];
});
afterAll(async () => {
  await attempts?.close();
  await world?.close();
});

const stop = ({ id }: Person): Statement => [
  `INSERT INTO workspace_stop (tenant_id, id, reason, stopped_by, stopped_at) VALUES ($1, $2, 'x', $3, now())`,
  [world.home.tenantId, systemEntropy.newId(), id],
];
const asked = ({ id }: Person): Statement => ['UPDATE workspace_stop SET lift_asked_by = $1, lift_asked_at = now()', [id]];
const lifted = ({ id }: Person): Statement => ['UPDATE workspace_stop SET lifted_by = $1, ended_at = now()', [id]];
const STOP: Statement = ['UPDATE workspace SET frozen_at = now()'];
const GO: Statement = ['UPDATE workspace SET frozen_at = NULL'];

test('all its steps are taken by the API, each as the person who acts', async () => {
  expect(await attempt('api', acting(olu), stop(olu), STOP, asked(olu), acting(ann), lifted(ann), GO)).toBeNull();
});

test('while one is open no money leaves', async () => {
  expect(await attempt('api', acting(olu), stop(olu), STOP, GO)).toMatch(/lifted by two people/);
});

test('nobody lifts it alone', async () => {
  expect(await attempt('api', acting(olu), stop(olu), asked(olu), lifted(olu))).toMatch(/workspace_stop_by_two/);
  expect(await attempt('api', acting(olu), stop(olu), lifted(olu))).toMatch(/workspace_stop_lifted|as somebody else asked/);
  const both = 'UPDATE workspace_stop SET lift_asked_by = $1, lift_asked_at = now(), lifted_by = $2, ended_at = now()';
  expect(await attempt('api', acting(olu), stop(olu), [both, [ann.id, olu.id]])).toMatch(/as somebody else asked/);
});

test('nobody takes a step for somebody else', async () => {
  expect(await attempt('api', acting(olu), stop(ann))).toMatch(/of who acts/);
  expect(await attempt('api', acting(olu), stop(olu), asked(ann))).toMatch(/for somebody else/);
  expect(await attempt('api', acting(olu), stop(olu), asked(olu), lifted(ann))).toMatch(/as somebody else asked/);
});

test('who may not stop the workspace takes none, and none of theirs counts any more', async () => {
  const viewer = await world.person('viewer');
  expect(await attempt('api', acting(viewer), stop(viewer))).toMatch(/holds workspace.stop/);
  expect(await attempt('api', stop(olu))).toMatch(/holds workspace.stop/);
  expect(await attempt('api', acting(olu), stop(olu), asked(olu), acting(viewer), lifted(viewer))).toMatch(/holds workspace.stop/);
  const gone = await world.person('admin');
  await world.sql('INSERT INTO workspace_stop (tenant_id, id, reason, stopped_by, stopped_at) VALUES ($1, $2, $3, $4, now())', [
    ...[world.home.tenantId, systemEntropy.newId(), 'x', olu.id],
  ]);
  await world.sql('UPDATE workspace_stop SET lift_asked_by = $1, lift_asked_at = now()', [gone.id]);
  await world.sql('UPDATE membership SET disabled_at = now() WHERE person_id = $1', [gone.id]);
  expect(await attempt('api', acting(olu), lifted(olu))).toMatch(/who may still/);
  await world.sql('DELETE FROM workspace_stop');
});

test('a workspace has one at a time, it does not begin lifted, and what was lifted stays so', async () => {
  expect(await attempt('api', acting(olu), stop(olu), stop(olu))).toMatch(/workspace_stop_open_idx/);
  const whole = `INSERT INTO workspace_stop (tenant_id, id, reason, stopped_by, stopped_at, lift_asked_by, lift_asked_at) VALUES ($1, $2, 'x', $3, now(), $3, now())`;
  expect(await attempt('api', acting(olu), [whole, [world.home.tenantId, systemEntropy.newId(), olu.id]])).toMatch(/permission denied/);
  const open = 'UPDATE workspace_stop SET lifted_by = NULL, ended_at = NULL';
  expect(await attempt('api', acting(olu), stop(olu), asked(olu), acting(ann), lifted(ann), [open])).toMatch(/stays so/);
  expect(await attempt('api', acting(olu), stop(olu), [`UPDATE workspace_stop SET reason = 'y'`])).toMatch(/permission denied/);
});

test('no other process reads or writes it', async () => {
  for (const role of ['worker', 'relay', 'sequencer'] as const) {
    expect(await attempt(role, ['SELECT id FROM workspace_stop'])).toMatch(/permission denied/);
    expect(await attempt(role, stop(olu))).toMatch(/permission denied/);
  }
});
