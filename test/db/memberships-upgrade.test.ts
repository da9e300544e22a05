import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { generate } from 'otplib';
import type pg from 'pg';
import { type StoredMembership, sealedMembership } from '../../db/sealed-membership.js';
import { isSealed, sealOnce } from '../../dev/seed/seal-before.js';
import { permissionsOfMembership } from '../../domain/membership.js';
import { openCredentials } from '../../vault/credentials.js';
import { systemEntropy } from '../../vault/entropy.js';
import { seal } from '../../vault/envelope.js';
import { createKeyFile } from '../../vault/key-file.js';
import { openMembershipKey } from '../../vault/membership-key.js';
import { deriveKey } from '../../vault/root-key.js';
import { CHEAP_ARGON2 } from '../harness/cheap-argon2.js';
import { openOldDatabase } from '../harness/old-database.js';
import { must } from '../world/wire.js';

/** A database of before authenticators, with members, roles of workspaces, a session, a password and a factor, is brought up to date and sealed. */

const { newId } = systemEntropy;
const LAST_BEFORE = '0031_weak_points';
const folder = mkdtempSync(join(tmpdir(), 'sluice-upgrade-'));
const keyFile = join(folder, 'keys.json');
const made = createKeyFile(keyFile);
const key = openMembershipKey(made);
const credentials = openCredentials(made, { argon2: CHEAP_ARGON2 });

let old: Awaited<ReturnType<typeof openOldDatabase>>;
let client: pg.Client;

beforeAll(async () => {
  old = await openOldDatabase();
  ({ client } = old);
}, 120_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await old?.close();
});

const entering = (tenant: string) => client.query(`SELECT set_config('app.tenant_id', $1, false)`, [tenant]);
const allowed = async (tenant: string, person: string) => {
  await entering(tenant);
  const { rows } = await client.query<{ membership: StoredMembership }>('SELECT sluice_sealed_membership($1, $2) AS membership', [tenant, person]);
  const membership = sealedMembership(rows[0]?.membership);
  return membership && permissionsOfMembership(key.isAuthentic, membership);
};

test('members of before count for nothing until they are sealed, in every workspace, with an event; then whoever SQL makes a member does not', async () => {
  await old.migrateTo(LAST_BEFORE);
  const [organization, ada, ben, late] = [newId(), newId(), newId(), newId()];
  const tenants = [newId(), newId()] as [string, string];
  await client.query('INSERT INTO organization (id, name) VALUES ($1, $2)', [organization, 'Shop']);
  for (const id of [ada, ben, late])
    await client.query(`INSERT INTO person (id, email, name, password_hash) VALUES ($1, $2, 'Somebody', 'none')`, [id, `${id}@example.com`]);
  for (const [i, tenant] of tenants.entries()) {
    await entering(tenant);
    const mode = i === 0 ? 'live' : 'test';
    await client.query('INSERT INTO workspace (tenant_id, organization_id, name, mode) VALUES ($1, $2, $3, $3)', [tenant, organization, mode]);
    await client.query(`INSERT INTO workspace_role (tenant_id, name, permissions) VALUES ($1, 'payer', '{gates.execute,sessions.own}')`, [tenant]);
    await client.query(`INSERT INTO membership (tenant_id, person_id, roles) VALUES ($1, $2, '{owner}')`, [tenant, ada]);
    await client.query(`INSERT INTO membership (tenant_id, person_id, roles, disabled_at) VALUES ($1, $2, '{payer}', $3)`, [
      ...[tenant, ben, i === 0 ? null : new Date()],
    ]);
  }
  await client.query(
    `INSERT INTO session (id, token_hash, person_id, tenant_id, expires_at, with_factor) VALUES ($1, '\\x01', $2, $3, now() + interval '1 hour', true)`,
    [newId(), ada, tenants[1]],
  );
  const password = systemEntropy.newId();
  const [phc] = (await credentials.hashPassword(password, ada)).split('~');
  await client.query('UPDATE person SET password_hash = $2 WHERE id = $1', [ada, phc]);
  const factor = { id: newId(), personId: ada };
  const { secret } = await credentials.newTotpFactor(factor, 'ada@example.com');
  const place = { tenantId: '', purpose: 'factor', record: factor.id, field: 'totp_secret' };
  const sealed = seal({ key: deriveKey(made.root.key, 'factors'), version: 1 }, place, Buffer.from(secret), randomBytes);
  await client.query(
    `INSERT INTO factor (id, person_id, kind, name, sealed, sealed_place, confirmed_at, gates_from) VALUES ($1, $2, 'totp', 'phone', $3, 1, now(), now())`,
    [factor.id, ada, Buffer.from(sealed)],
  );
  await entering('');
  await old.migrateFrom(LAST_BEFORE);
  expect((await client.query('SELECT ended_at IS NOT NULL AS ended FROM session')).rows).toEqual([{ ended: true }]);
  for (const tenant of tenants) expect([await allowed(tenant, ada), await allowed(tenant, ben)]).toEqual([null, null]);

  const sealing = { ownerUrl: old.url, keyFile, sealedFile: join(folder, 'sealed.json') };
  expect(isSealed(sealing)).toBe(false);
  await sealOnce(sealing);
  expect(isSealed(sealing)).toBe(true);
  for (const tenant of tenants) expect(await allowed(tenant, ada)).toContain('workspace.own');
  expect(await allowed(tenants[0], ben)).toEqual(['gates.execute', 'sessions.own']);
  expect(await allowed(tenants[1], ben)).toEqual([]);
  for (const tenant of tenants) {
    await entering(tenant);
    const { rows } = await client.query(`SELECT e.detail, count(m.*)::int AS members FROM audit_event e JOIN membership m ON m.event_id = e.id
      WHERE e.action = 'workspace.seal_memberships' GROUP BY 1`);
    expect(rows).toEqual([{ detail: { members: 2, roles: 1 }, members: 2 }]);
    const forced = await client.query(
      `SELECT bool_and(relforcerowsecurity) AS forced FROM pg_class WHERE relname IN ('membership', 'workspace_role')`,
    );
    expect(forced.rows).toEqual([{ forced: true }]);
  }

  const [stored] = (await client.query<{ hash: string }>('SELECT password_hash AS hash FROM person WHERE id = $1', [ada])).rows;
  expect(must(await credentials.checkPassword(phc ?? '', password, ada))).toBe(false);
  expect(must(await credentials.checkPassword(stored?.hash ?? '', password, ada))).toBe(true);
  const [kept] = (await client.query<{ sealed: Buffer; place: number }>('SELECT sealed, sealed_place AS place FROM factor')).rows;
  expect(kept?.place).toBe(2);
  const code = await generate({ secret });
  expect(await credentials.matchTotp({ ...factor, sealed: kept?.sealed ?? sealed }, code, new Date())).not.toBeNull();
  await expect(client.query(`UPDATE factor SET sealed = '\\x01'`)).rejects.toThrow(/never replaced/);

  await entering(tenants[0]);
  await client.query(`INSERT INTO membership (tenant_id, person_id, roles) VALUES ($1, $2, '{owner}')`, [tenants[0], late]);
  await client.query(`UPDATE workspace_role SET permissions = '{gates.approve}', row_version = row_version + 1`);
  // A start afterwards seals nothing any more.
  await sealOnce(sealing);
  expect([await allowed(tenants[0], late), await allowed(tenants[0], ben)]).toEqual([null, null]);
});
