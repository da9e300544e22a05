import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import { systemEntropy } from '../../vault/entropy.js';
import { openOldDatabase } from '../harness/old-database.js';

/** A database in which people have one factor each, wrong codes and sessions is brought up to date. */

const { newId } = systemEntropy;
const LAST_BEFORE = '0027_sessions';

let old: Awaited<ReturnType<typeof openOldDatabase>>;
let client: pg.Client;

beforeAll(async () => {
  old = await openOldDatabase();
  ({ client } = old);
}, 120_000);
afterAll(() => old?.close());

test('factors of before are confirmed and have rested, a lock holds for its person, and sessions were opened with a code', async () => {
  await old.migrateTo(LAST_BEFORE);
  const tenant = await old.workspace();
  const person = newId();
  const [first, second] = [newId(), newId()].sort() as [string, string];
  await client.query('INSERT INTO person (id, email, name, password_hash) VALUES ($1, $2, $3, $4)', [person, 'a@example.com', 'Ana', 'none']);
  await client.query(`INSERT INTO membership (tenant_id, person_id, roles) VALUES ($1, $2, '{approver}')`, [tenant, person]);
  for (const id of [first, second])
    await client.query(`INSERT INTO factor (id, person_id, kind, sealed, last_step) VALUES ($1, $2, 'totp', '\\x01', 7)`, [id, person]);
  await client.query(`INSERT INTO factor_failures (factor_id, purpose, failures, locks, locked_until) VALUES ($1, 'sign_in', 2, 0, NULL)`, [first]);
  await client.query(`INSERT INTO factor_failures (factor_id, purpose, failures, locks, locked_until) VALUES ($1, 'sign_in', 0, 3, 'infinity')`, [
    second,
  ]);
  await client.query(`INSERT INTO session (id, token_hash, person_id, tenant_id, expires_at) VALUES ($1, $2, $3, $4, now() + interval '1 hour')`, [
    newId(),
    randomBytes(32),
    person,
    tenant,
  ]);
  await old.enter('');
  await old.migrateFrom(LAST_BEFORE);
  const factors = await client.query(
    'SELECT name, last_step, confirmed_at = created_at AND gates_from <= now() AS counts, removed_at, sealed_place FROM factor',
  );
  expect(factors.rows).toEqual(
    [first, second].map(() => ({ name: 'authenticator', last_step: '7', counts: true, removed_at: null, sealed_place: 1 })),
  );
  await client.query(`INSERT INTO factor (id, person_id, kind, name, sealed) VALUES ($1, $2, 'totp', 'phone', '\\x01')`, [newId(), person]);
  expect((await client.query('SELECT sealed_place FROM factor WHERE confirmed_at IS NULL')).rows).toEqual([{ sealed_place: 2 }]);
  const failures = await client.query(`SELECT person_id, purpose, locks FROM factor_failures`);
  expect(failures.rows).toEqual([{ person_id: person, purpose: 'sign_in', locks: 3 }]);
  expect((await client.query('SELECT with_factor FROM session')).rows).toEqual([{ with_factor: true }]);
});
