import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { until } from '../harness/until.js';
import { rowWaiters } from '../world/lock-waiters.js';
import { openWorld, type World } from '../world/open.js';
import { type Attempts, openAttempts } from './attempts.js';

let world: World;
let attempts: Attempts;
beforeAll(async () => {
  world = await openWorld();
  attempts = await openAttempts(world);
});
afterAll(async () => {
  await attempts?.close();
  await world?.close();
});

const somebody = async () => {
  const person = await world.person('approver');
  const { inTenant } = world.as(person);
  const stored = await inTenant((stores) => stores.passwords.get(person.id));
  if (!stored) throw new Error('no password');
  return { person, inTenant, stored, get: () => inTenant((stores) => stores.passwords.get(person.id)) };
};

test('of 64 new passwords at once exactly one is taken', async () => {
  const { person, inTenant, stored, get } = await somebody();
  const answers = await Promise.all(
    Array.from({ length: 64 }, (_, i) => inTenant((stores) => stores.passwords.change(person.id, stored.version, `hash ${i}`))),
  );
  expect(answers.filter(Boolean)).toHaveLength(1);
  expect(await get()).toEqual({ hash: `hash ${answers.indexOf(true)}`, version: stored.version + 1 });
});

test('a hash at another cost takes the place of its own old one, and never that of a newer password', async () => {
  const { person, inTenant, stored, get } = await somebody();
  const rehash = (from: string, to: string) => inTenant((stores) => stores.passwords.rehash(person.id, from, to));
  expect(await rehash(stored.hash, 'stronger')).toBe(true);
  expect(await get()).toEqual({ hash: 'stronger', version: stored.version });
  expect(await rehash(stored.hash, 'late')).toBe(false);
  await inTenant((stores) => stores.passwords.change(person.id, stored.version, 'new'));
  expect(await rehash('stronger', 'late')).toBe(false);
  expect(await get()).toEqual({ hash: 'new', version: stored.version + 1 });
});

test('a password that is held is not changed before its holder ends; one that was changed is not held', async () => {
  const { person, inTenant, stored } = await somebody();
  let changing: Promise<boolean> = Promise.resolve(false);
  const order: string[] = [];
  await inTenant(async (stores) => {
    expect(await stores.passwords.hold(person.id, stored.version)).toBe(true);
    changing = inTenant((others) => others.passwords.change(person.id, stored.version, 'new')).finally(() => order.push('changed'));
    await until('somebody who waits for the person', async () => ((await rowWaiters(world)) > 0 ? true : undefined));
    order.push('holder ends');
  });
  expect(await changing).toBe(true);
  expect(order).toEqual(['holder ends', 'changed']);
  expect(await inTenant((stores) => stores.passwords.hold(person.id, stored.version))).toBe(false);
});

test('the API writes no hash and no version by itself, and no other process reaches a password [S3-06]', async () => {
  const { person } = await somebody();
  for (const column of ['password_hash', 'password_version', 'email', 'disabled_at'])
    expect(await attempts.attempt('api', [`UPDATE person SET ${column} = DEFAULT`])).toMatch(/permission denied/);
  for (const statement of [
    `SELECT sluice_password_of('${person.id}')`,
    `SELECT sluice_hold_password('${person.id}', 1)`,
    `SELECT sluice_change_password('${person.id}', 1, 'x')`,
    `SELECT sluice_rehash_password('${person.id}', 'x', 'y')`,
    'SELECT 1 FROM factor_failures',
    'SELECT 1 FROM person_event',
  ])
    for (const role of ['worker', 'relay', 'sequencer'] as const) expect(await attempts.attempt(role, [statement])).toMatch(/permission denied/);
});
