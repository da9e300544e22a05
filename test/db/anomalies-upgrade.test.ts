import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import { systemEntropy } from '../../vault/entropy.js';
import { openOldDatabase } from '../harness/old-database.js';

/** A database of before suspensions is brought up to date with keys in it. */

const { newId } = systemEntropy;
const LAST_BEFORE = '0034_z';

let old: Awaited<ReturnType<typeof openOldDatabase>>;
let client: pg.Client;
beforeAll(async () => {
  old = await openOldDatabase();
  ({ client } = old);
}, 120_000);
afterAll(() => old?.close());

test('its keys go on, are not suspended, and can be', async () => {
  await old.migrateTo(LAST_BEFORE);
  const tenant = await old.workspace('test');
  const [admin, key] = [newId(), newId()];
  await client.query('INSERT INTO person (id, email, name, password_hash) VALUES ($1, $2, $3, $4)', [admin, `${admin}@example.com`, 'Ada', 'none']);
  await client.query(`INSERT INTO membership (tenant_id, person_id, roles) VALUES ($1, $2, '{admin}')`, [tenant, admin]);
  await client.query(
    `INSERT INTO api_key (tenant_id, id, name, prefix, token_hash, scopes, owner_person_id) VALUES ($1, $2, 'a key', 'p', $3, '{payees.read}', $4)`,
    [tenant, key, randomBytes(32), admin],
  );
  await old.enter('');
  await old.migrateFrom(LAST_BEFORE);
  await old.enter(tenant);
  const states = async () => (await client.query('SELECT suspended_at IS NOT NULL AS suspended, resumed_at FROM api_key WHERE id = $1', [key])).rows;
  expect(await states()).toEqual([{ suspended: false, resumed_at: null }]);
  await client.query('UPDATE api_key SET suspended_at = now() WHERE id = $1', [key]);
  expect(await states()).toEqual([{ suspended: true, resumed_at: null }]);
  // A key only ends, as before.
  await expect(client.query(`UPDATE api_key SET name = 'another' WHERE id = $1`, [key])).rejects.toThrow(/stays as it was made/);
});
