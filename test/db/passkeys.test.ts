import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openRelayStore } from '../../db/relay.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';
import { type Passkey, passkeyOf } from '../world/passkeys.js';
import type { Person } from '../world/people.js';
import { type Attempts, acting, openAttempts, type Statement } from './attempts.js';
import { type Forgery, forgedGate } from './forged-gate.js';

/** Attacks passkeys, the gates that they open and requests to sign in with raw SQL. */

const { newId } = systemEntropy;

let world: World;
let attempts: Attempts;
let attempt: Attempts['attempt'];
let who: Person;
let passkey: Passkey;
let other: Passkey;
beforeAll(async () => {
  world = await openWorld();
  attempts = await openAttempts(world);
  ({ attempt } = attempts);
  who = await world.person('approver');
  [passkey, other] = [await passkeyOf(world, who), await passkeyOf(world, await world.person('approver'))];
});
afterAll(async () => {
  await attempts?.close();
  await world?.close();
});

const set = (what: string, factorId = passkey.factorId): Statement => [`UPDATE factor SET ${what} WHERE id = $1`, [factorId]];
const waiting = (id: string): Statement => [
  `INSERT INTO factor (id, person_id, kind, name, sealed, challenge_hash) VALUES ($1, $2, 'passkey', 'laptop', '', $3)`,
  [id, who.id, randomBytes(32)],
];
const KEY = `credential_id = sha256('x'), public_key = '\\x01', rp_id = 'localhost', authenticator = sha256('y'), used_at = now()`;
const confirm = (id: string, what = KEY): Statement => [
  `UPDATE factor SET confirmed_at = now(), gates_from = now(), challenge_hash = NULL${what && `, ${what}`} WHERE id = $1`,
  [id],
];

describe('a passkey', () => {
  test('counts with key, host, credential and authenticator, and waits with a challenge', async () => {
    const id = newId();
    expect(await attempt('api', acting(who), waiting(id), confirm(id))).toBeNull();
    expect(await attempt('api', acting(who), waiting(id), confirm(id, ''))).toMatch(/factor_passkey/);
    expect(await attempt('api', acting(who), waiting(id), set('challenge_hash = NULL', id))).toMatch(/challenge/);
    expect(await attempt('api', acting(who), waiting(id), set(`challenge_hash = sha256('z')`, id))).toMatch(/never replaced/);
    expect(await attempt('api', acting(who), waiting(id), set(KEY, id))).toMatch(/factor_passkey/);
  });

  test('is confirmed within five minutes', async () => {
    const id = newId();
    const late: Statement[] = [
      ['ALTER TABLE factor DISABLE TRIGGER USER'],
      waiting(id),
      [`UPDATE factor SET created_at = now() - interval '5 minutes' WHERE id = $1`, [id]],
      ['ALTER TABLE factor ENABLE TRIGGER USER'],
    ];
    expect(await attempt('owner', ...late, confirm(id))).toMatch(/within five minutes/);
  });

  test('keeps its key, its host and its authenticator; its credential is nobody else’s', async () => {
    for (const what of [`public_key = '\\x01'`, `rp_id = 'example.com'`, `credential_id = '\\x01'`, 'authenticator = sha256(authenticator)'])
      expect(await attempt('api', acting(who), set(what))).toMatch(/key of a passkey is never replaced/);
    const id = newId();
    const taken = confirm(id, KEY.replace(`sha256('x')`, `'\\x${passkey.device.credentialId.toString('hex')}'`));
    expect(await attempt('api', acting(who), waiting(id), taken)).toMatch(/factor_credential_id_key/);
  });

  test('counts forward alone, and is used now or not at all', async () => {
    expect(await attempt('api', acting(who), set('sign_count = 9'))).toBeNull();
    expect(await attempt('api', acting(who), set('sign_count = 0'))).toMatch(/does not go back/);
    const later: Statement = ['SELECT 1 FROM factor WHERE id = $1 AND used_at = now()', [passkey.factorId]];
    expect(await attempts.run('api', [acting(who), set(`used_at = now() + interval '1 year'`), later])).toBe(1);
  });

  test('has no time step, so that no code is of it', async () => {
    expect(await attempt('api', acting(who), set('last_step = 5'))).toMatch(/factor_removed/);
  });

  test('is used by a compare-and-set of its counter', async () => {
    const use = (count: number) => world.as(who).inTenant((stores) => stores.factors.usePasskey(passkey.factorId, count));
    expect([await use(2), await use(2), await use(1), await use(0), await use(3)]).toEqual([true, false, false, false, true]);
  });
});

describe('a gate that a passkey opens', () => {
  const SIGNED = [randomBytes(37), randomBytes(90), randomBytes(70)] as const;
  /** Whatever is needed beside the row itself is right; `use` is whether the passkey is used. */
  const gate = (batch: { id: string; digest: Buffer }, { use = true, ...over }: Forgery & { use?: boolean } = {}): Statement[] => [
    ...(use ? [acting(who), set('used_at = now()')] : []),
    ...forgedGate(world, who, 'approve', batch, { factorId: passkey.factorId, timeStep: null, lastStep: null, signed: SIGNED, ...over }),
  ];

  test('has what it signed, in the place of a time step', async () => {
    const batch = await world.batch();
    expect(await attempt('api', ...gate(batch))).toBeNull();
    expect(await attempt('api', ...gate(batch, { signed: null }))).toMatch(/gate_factor/);
    expect(await attempt('api', ...gate(batch, { timeStep: Math.floor(Date.now() / 30_000) }))).toMatch(/consumes a time step|gate_factor/);
  });

  test('used a passkey of its person in this transaction', async () => {
    const batch = await world.batch();
    const refused = /uses a passkey of its person/;
    expect(await attempt('api', ...gate(batch, { use: false }))).toMatch(refused);
    expect(await attempt('api', ...gate(batch, { factorId: other.factorId }))).toMatch(refused);
    expect(await attempt('api', ...gate(batch, { factorId: who.factorId }))).toMatch(refused);
  });

  test('used one that has rested and was not removed', async () => {
    const resting = await passkeyOf(world, who, { rested: false });
    const batch = await world.batch();
    expect(
      await attempt('api', acting(who), set('used_at = now()', resting.factorId), ...gate(batch, { factorId: resting.factorId, use: false })),
    ).toMatch(/once it is confirmed and has rested/);
  });
});

describe('requests to sign in', () => {
  test('are reached by no process but through functions, which the API alone may call [S3-06]', async () => {
    for (const role of ['api', 'worker', 'relay', 'sequencer'] as const)
      for (const statement of ['SELECT 1 FROM passkey_request', 'DELETE FROM passkey_request', 'UPDATE passkey_request SET expires_at = now()'])
        expect(await attempt(role, [statement])).toMatch(/permission denied/);
    for (const statement of [
      `SELECT sluice_ask_passkey('${newId()}', sha256('x'))`,
      `SELECT sluice_use_passkey_request('${newId()}')`,
      `SELECT * FROM sluice_passkey_of('\\x00')`,
      `SELECT sluice_credential_is_new('\\x00')`,
    ])
      for (const role of ['worker', 'relay', 'sequencer'] as const) expect(await attempt(role, [statement])).toMatch(/permission denied/);
  });

  test('forget ten that have expired with each one that is asked for, as in recovery mode nobody prunes', async () => {
    await world.sql('DELETE FROM passkey_request');
    await world.sql(`INSERT INTO passkey_request (id, challenge_hash, expires_at)
      SELECT gen_random_uuid(), sha256('x'), now() + CASE WHEN n <= 12 THEN interval '-1 second' ELSE interval '1 minute' END FROM generate_series(1, 14) n`);
    const left = async () => (await world.sql<{ n: number }>('SELECT count(*)::int AS n FROM passkey_request'))[0]?.n;
    const ask = () => world.publicContext().passkeys.ask({ id: newId(), challengeHash: randomBytes(32) });
    await ask();
    expect(await left()).toBe(14 - 10 + 1);
    await ask();
    expect(await left()).toBe(2 + 2);
    await ask();
    expect(await left()).toBe(2 + 3);
    await world.sql('DELETE FROM passkey_request');
  });

  test('are forgotten once they have expired, by the relay alone', async () => {
    const relay = openRelayStore(world.database.urls.relay);
    try {
      const [old, young] = [newId(), newId()];
      for (const [id, until] of [
        [old, '-1 second'],
        [young, '1 minute'],
      ])
        await world.sql(`INSERT INTO passkey_request (id, challenge_hash, expires_at) VALUES ($1, sha256('x'), now() + $2::interval)`, [id, until]);
      expect(await relay.prunePasskeyRequests(100)).toBe(1);
      expect(await world.sql('SELECT id FROM passkey_request')).toEqual([{ id: young }]);
    } finally {
      await relay.close();
    }
    for (const role of ['api', 'worker', 'sequencer'] as const)
      expect(await attempt(role, ['SELECT sluice_prune_passkey_requests(1)'])).toMatch(/permission denied/);
  });
});
