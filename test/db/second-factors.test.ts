import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { type Attempts, acting, openAttempts, type Statement } from './attempts.js';

/** Attacks second factors, recovery codes and resets with raw SQL, as the API's role. */

const { newId } = systemEntropy;

let world: World;
let attempts: Attempts;
let attempt: Attempts['attempt'];
let who: Person;
let other: Person;
let admin: Person;
beforeAll(async () => {
  world = await openWorld();
  attempts = await openAttempts(world);
  ({ attempt } = attempts);
  [who, other, admin] = [await world.person('approver'), await world.person('approver'), await world.person('admin')];
});
afterAll(async () => {
  await attempts?.close();
  await world?.close();
});

const step = (): number => Math.floor(Date.now() / 30_000);
const consume = ({ factorId }: Person): Statement => ['UPDATE factor SET last_step = $2 WHERE id = $1', [factorId, step()]];
const pending = (id: string, of: Person, more = ''): Statement => [
  `INSERT INTO factor (id, person_id, kind, name, sealed${more ? ', confirmed_at, gates_from' : ''}) VALUES ($1, $2, 'totp', 'phone', '\\x01'${more})`,
  [id, of.id],
];
const confirm = (id: string, last = step()): Statement => [
  `UPDATE factor SET confirmed_at = now() - interval '9 days', gates_from = now(), last_step = $2 WHERE id = $1`,
  [id, last],
];

describe('a factor', () => {
  test('begins unconfirmed, is its person’s own, and one waits at a time', async () => {
    expect(await attempt('api', acting(who), pending(newId(), who))).toBeNull();
    expect(await attempt('api', acting(who), pending(newId(), who, ', now(), now()'))).toMatch(/begins unconfirmed/);
    expect(await attempt('api', acting(who), pending(newId(), other))).toMatch(/row-level security/);
    expect(await attempt('api', acting(who), pending(newId(), who), pending(newId(), who))).toMatch(/factor_one_pending/);
  });

  test('is sealed to its person: none that a process makes is sealed to its id alone', async () => {
    const [text, values = []] = pending(newId(), who);
    const to = (place: number): Statement => [text.replace('sealed)', 'sealed, sealed_place)').replace(`'\\x01'`, `'\\x01', ${place}`), values];
    expect(await attempt('api', acting(who), to(2))).toBeNull();
    for (const place of [1, 0, 3]) expect(await attempt('api', acting(who), to(place))).toMatch(/factor_sealed_place/);
    expect(await attempt('api', acting(who), ['UPDATE factor SET sealed_place = 1'])).toMatch(/permission denied/);
    expect(await attempt('owner', ['UPDATE factor SET sealed_place = 1 WHERE id = $1', [who.factorId]])).toMatch(/stays as it was made/);
  });

  test('is confirmed by a code of now, at the time of now, and never unconfirmed, moved or given another secret', async () => {
    const id = newId();
    expect(await attempt('api', acting(who), pending(id, who), confirm(id, 0))).toMatch(/by a code of it/);
    expect(await attempt('api', acting(who), pending(id, who), confirm(id, step() - 9))).toMatch(/by a code of it/);
    expect(await attempt('api', acting(who), pending(id, who), ['UPDATE factor SET last_step = 5 WHERE id = $1', [id]])).toMatch(
      /counts for nothing/,
    );
    const now: Statement = [`UPDATE factor SET confirm_failures = 1 WHERE id = $1 AND confirmed_at = now()`, [id]];
    expect(await attempts.run('api', [acting(who), pending(id, who), confirm(id), now])).toBe(1);
    for (const change of [
      'confirmed_at = NULL, gates_from = NULL',
      `gates_from = now() - interval '9 days'`,
      `gates_from = now() + interval '1 second'`,
    ])
      expect(await attempt('api', acting(who), [`UPDATE factor SET ${change} WHERE id = $1`, [who.factorId]])).toMatch(/once and for all/);
    expect(await attempt('api', acting(who), [`UPDATE factor SET sealed = '\\x02' WHERE id = $1`, [who.factorId]])).toMatch(/never replaced/);
    expect(await attempt('api', acting(who), ['DELETE FROM factor WHERE id = $1', [who.factorId]])).toMatch(/never deleted/);
    for (const column of ['person_id', 'kind', 'name', 'created_at'])
      expect(await attempt('api', acting(who), [`UPDATE factor SET ${column} = ${column}`])).toMatch(/permission denied/);
    expect(await attempt('owner', [`UPDATE factor SET person_id = $2 WHERE id = $1`, [who.factorId, other.id]])).toMatch(/stays as it was made/);
  });

  test('is removed beside another one alone, and stays removed', async () => {
    const remove = (id: string): Statement => [`UPDATE factor SET removed_at = now(), sealed = '' WHERE id = $1`, [id]];
    expect(await attempt('api', acting(who), remove(who.factorId))).toMatch(/by two people/);
    const second = await world.secondFactor(who);
    expect(await attempt('api', acting(who), remove(second.factorId))).toBeNull();
    expect(await attempt('api', acting(who), remove(second.factorId), remove(who.factorId))).toMatch(/by two people/);
    const back: Statement = [`UPDATE factor SET removed_at = NULL, sealed = '\\x01' WHERE id = $1`, [second.factorId]];
    expect(await attempt('api', acting(who), remove(second.factorId), back)).toMatch(/stays removed/);
    expect(await attempt('api', acting(who), [`UPDATE factor SET removed_at = now() WHERE id = $1`, [second.factorId]])).toMatch(/factor_removed/);
  });
});

test('no process writes the counts of wrong codes by itself: not up, not down, not away', async () => {
  for (const write of [
    'UPDATE factor_failures SET failures = 0',
    'UPDATE factor_failures SET locks = 0, locked_until = NULL',
    'DELETE FROM factor_failures',
    `INSERT INTO factor_failures (person_id, purpose, failures) VALUES ('${who.id}', 'sign_in', 0)`,
  ])
    expect(await attempt('api', acting(who), [write])).toMatch(/permission denied/);
  expect(await attempt('worker', ['SELECT * FROM sluice_count_wrong_code($1)', ['session']])).toMatch(/permission denied/);
});

describe('a factor that decides', () => {
  test('decides once it has rested, until it is removed', async () => {
    const fresh = await world.secondFactor(who, { rested: false });
    const others: Statement = ['ALTER TABLE proposal_confirmation DISABLE TRIGGER proposal_confirmed'];
    const confirms = (factorId: string): Statement => [
      `INSERT INTO proposal_confirmation (tenant_id, proposal_id, person_id, challenge_id, factor_id, time_step, digest, event_id, authenticator)
       VALUES ($1, $2, $3, $2, $4, 1, '\\x01', $2, '\\x01')`,
      [world.home.tenantId, newId(), who.id, factorId],
    ];
    expect(await attempt('owner', others, confirms(who.factorId))).not.toMatch(/has rested/);
    for (const factorId of [fresh.factorId, other.factorId]) expect(await attempt('owner', others, confirms(factorId))).toMatch(/has rested/);
    const gone: Statement = [`UPDATE factor SET removed_at = now(), sealed = '' WHERE id = $1`, [who.factorId]];
    expect(await attempt('owner', others, gone, confirms(who.factorId))).toMatch(/has rested/);
  });
});

describe('a recovery code', () => {
  const hash = randomBytes(32);
  const add = (of: Person): Statement => ['INSERT INTO recovery_code (person_id, hash) VALUES ($1, $2)', [of.id, hash]];

  test('is shown to its person alone, and used once', async () => {
    const use: Statement = ['UPDATE recovery_code SET used_at = now() WHERE hash = $1', [hash]];
    expect(await attempts.run('api', [acting(who), add(who), use])).toBe(1);
    expect(await attempt('api', acting(who), add(who), use, use)).toMatch(/used once/);
    expect(await attempts.run('api', [acting(who), add(who), acting(other), ['SELECT 1 FROM recovery_code']])).toBe(0);
    expect(await attempt('api', acting(who), add(other))).toMatch(/row-level security/);
  });

  test('of 64 concurrent uses exactly one wins', async () => {
    const mine = randomBytes(32);
    await world.as(who).inTenant((stores) => stores.recoveryCodes.replace(who.id, [mine]));
    const uses = Array.from({ length: 64 }, () => world.as(who).inTenant((stores) => stores.recoveryCodes.use(who.id, mine)));
    expect((await Promise.all(uses)).filter(Boolean)).toHaveLength(1);
    expect(await world.as(who).inTenant((stores) => stores.recoveryCodes.left(who.id))).toBe(0);
  });
});

describe('a session without a factor', () => {
  const open = (of: Person): Statement => [
    `INSERT INTO session (id, token_hash, person_id, tenant_id, expires_at, with_factor) VALUES ($1, $2, $3, $4, now() + interval '1 hour', false)`,
    [newId(), randomBytes(32), of.id, world.home.tenantId],
  ];

  test('is of somebody who has none', async () => {
    const without = await world.withoutFactor('admin');
    expect(await attempt('api', acting(without), open(without))).toBeNull();
    expect(await attempt('api', acting(who), open(who))).toMatch(/signs in with it/);
  });
});

describe('a reset', () => {
  const id = newId();
  const ask = (by: Person, about: Person, hours = 24): Statement => [
    `INSERT INTO factor_reset (tenant_id, id, person_id, proposed_by, expires_at) VALUES ($1, $2, $3, $4, now() + $5 * interval '1 hour')`,
    [world.home.tenantId, id, about.id, by.id, hours],
  ];
  const carryOut: Statement = ['SELECT sluice_reset_factors($1)', [id]];

  test('is asked for by who acts, with a code, and with people.manage where it is about somebody else', async () => {
    expect(await attempt('api', acting(admin), consume(admin), ask(admin, other))).toBeNull();
    expect(await attempt('api', acting(admin), ask(admin, other))).toMatch(/gives a code/);
    expect(await attempt('api', acting(admin), consume(admin), ask(who, other))).toMatch(/gives a code/);
    expect(await attempt('api', acting(who), consume(who), ask(who, other))).toMatch(/holds people.manage/);
    expect(await attempt('api', acting(who), consume(who), ask(who, who))).toBeNull();
    expect(await attempt('api', acting(who), consume(who), ask(who, who, 25))).toMatch(/for a day/);
    const owner = await world.person('owner');
    expect(await attempt('api', acting(admin), consume(admin), ask(admin, owner))).toMatch(/all that they hold/);
  });

  test('is carried out by another admin with a code alone, and by no other role', async () => {
    const asked = [acting(admin), consume(admin), ask(admin, other)];
    const second = await world.person('admin');
    expect(await attempt('api', ...asked, acting(second), consume(second), carryOut)).toBeNull();
    expect(await attempt('api', ...asked, acting(second), carryOut)).toMatch(/gives a code/);
    expect(await attempt('api', ...asked, carryOut)).toMatch(/by somebody else/);
    expect(await attempt('api', ...asked, acting(other), consume(other), carryOut)).toMatch(/by somebody else/);
    expect(await attempt('api', ...asked, acting(who), consume(who), carryOut)).toMatch(/holds people.manage/);
    for (const role of ['worker', 'relay', 'sequencer'] as const) expect(await attempt(role, carryOut)).toMatch(/permission denied/);
  });

  test('is confirmed by its function alone', async () => {
    const forge: Statement = ['UPDATE factor_reset SET confirmed_by = $2, confirmed_at = now() WHERE id = $1', [id, who.id]];
    expect(await attempt('api', acting(admin), consume(admin), ask(admin, other), forge)).toMatch(/permission denied/);
  });
});
