import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import { systemEntropy } from '../../vault/entropy.js';
import { openOldDatabase } from '../harness/old-database.js';

/** A database of before several roles, with members and keys, is brought up to date: its rows are under forced row-level security, which binds the owner too. */

const { newId } = systemEntropy;
const LAST_BEFORE = '0020_changed_payees';

let old: Awaited<ReturnType<typeof openOldDatabase>>;
let client: pg.Client;

beforeAll(async () => {
  old = await openOldDatabase();
  ({ client } = old);
}, 120_000);
afterAll(() => old?.close());

test('members keep the role they had, and keys that read exceptions read people too', async () => {
  await old.migrateTo(LAST_BEFORE);
  const tenant = await old.workspace();
  const [approver, admin] = [newId(), newId()];
  const keys = [newId(), newId(), newId()];
  for (const [id, role] of [
    [approver, 'approver'],
    [admin, 'admin'],
  ]) {
    await client.query('INSERT INTO person (id, email, name, password_hash) VALUES ($1, $2, $3, $4)', [id, `${id}@example.com`, role, 'none']);
    await client.query('INSERT INTO membership (tenant_id, person_id, role) VALUES ($1, $2, $3)', [tenant, id, role]);
  }
  for (const [i, scopes] of [['exceptions.read'], ['batches.read'], ['exceptions.read', 'batches.read']].entries())
    await client.query(
      `INSERT INTO api_key (tenant_id, id, name, prefix, token_hash, scopes, owner_person_id) VALUES ($1, $2, 'a key', 'p', $3, $4, $5)`,
      [tenant, keys[i], randomBytes(32), scopes, admin],
    );
  // As for the owner in a migration: no workspace is entered, so forced row-level security shows it none of these rows.
  await old.enter('');
  await old.migrateFrom(LAST_BEFORE);
  await old.enter(tenant);
  const members = await client.query('SELECT person_id, roles FROM membership');
  expect(new Map(members.rows.map((row) => [row.person_id, row.roles]))).toEqual(
    new Map([
      [approver, ['approver']],
      [admin, ['admin']],
    ]),
  );
  const scopes = await client.query('SELECT id, scopes FROM api_key');
  expect(new Map(scopes.rows.map((row) => [row.id, row.scopes]))).toEqual(
    new Map([
      [keys[0], ['exceptions.read', 'people.read']],
      [keys[1], ['batches.read']],
      [keys[2], ['exceptions.read', 'batches.read', 'people.read']],
    ]),
  );
  const holds = await client.query(`SELECT sluice_holds($1, 'gates.approve') AS approves, sluice_holds($1, 'gates.execute') AS executes`, [approver]);
  expect(holds.rows).toEqual([{ approves: true, executes: false }]);
});
