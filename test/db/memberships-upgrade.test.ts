import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { generate } from 'otplib';
import type pg from 'pg';
import { readinessOf } from '../../api/readiness.js';
import { type StoredMembership, sealedMembership } from '../../db/sealed-membership.js';
import { openDatabase } from '../../db/transaction/open.js';
import { placesIn } from '../../dev/data-folder/places.js';
import { isSealed, sealOnce } from '../../dev/seed/seal-before.js';
import { prepareDatabase } from '../../dev/stack/prepare-database.js';
import type { Site } from '../../dev/stack/site.js';
import type { Step } from '../../dev/stack/step.js';
import { toWireId } from '../../domain/ids.js';
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

const allowed = async (tenant: string, person: string) => {
  await old.enter(tenant);
  const { rows } = await client.query<{ membership: StoredMembership }>('SELECT sluice_sealed_membership($1, $2) AS membership', [tenant, person]);
  const membership = sealedMembership(rows[0]?.membership);
  return membership && permissionsOfMembership(key.isAuthentic, membership);
};

/** What a command of the operator prints, with the owner's connection and the key file of the installation. */
const operator = async (verb: string, env: Record<string, string> = {}): Promise<string> => {
  const settings = { PATH: process.env['PATH'], DATABASE_DIRECT_URL: old.url, SLUICE_KEY_FILE: keyFile, ...env };
  return (await promisify(execFile)(process.execPath, ['--import', 'tsx', 'dev/operator/main.ts', verb], { env: settings })).stdout;
};
const membershipsProblem = async (): Promise<string | null | undefined> => {
  const database = openDatabase(old.url, 1);
  const parts = await readinessOf(database.sql, { reason: () => null })();
  await database.close();
  return parts.find(({ name }) => name === 'memberships')?.problem;
};
/** As if a backup of before had been put back. */
const takeSealsOut = async (): Promise<void> => {
  // One by one: an event of a trigger that waits for the end of the transaction would forbid the last.
  await client.query('ALTER TABLE membership NO FORCE ROW LEVEL SECURITY');
  await client.query('UPDATE membership SET event_id = NULL, authenticator = NULL');
  await client.query('ALTER TABLE membership FORCE ROW LEVEL SECURITY');
};

test('members of before count for nothing until they are sealed, in every workspace, with an event; then whoever SQL makes a member does not', async () => {
  await old.migrateTo(LAST_BEFORE);
  const [organization, ada, ben, late] = [newId(), newId(), newId(), newId()];
  const tenants = [newId(), newId()] as [string, string];
  await client.query('INSERT INTO installation (singleton, id) VALUES (true, $1)', [made.installationId]);
  await client.query('INSERT INTO organization (id, name) VALUES ($1, $2)', [organization, 'Shop']);
  for (const id of [ada, ben, late])
    await client.query(`INSERT INTO person (id, email, name, password_hash) VALUES ($1, $2, 'Somebody', 'none')`, [id, `${id}@example.com`]);
  for (const [i, tenant] of tenants.entries()) {
    await old.enter(tenant);
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
  const moved = newId();
  await client.query(
    `INSERT INTO factor (id, person_id, kind, name, sealed, sealed_place, confirmed_at, gates_from) VALUES ($1, $2, 'totp', 'phone', $3, 1, now(), now())`,
    [moved, ben, Buffer.from(sealed)],
  );
  await old.enter(tenants[0]);
  const invited = {
    open: 'NULL, NULL, now()',
    accepted: 'now(), NULL, now()',
    revoked: `NULL, '2020-01-01', now()`,
    expired: `NULL, NULL, now() - interval '2 days'`,
  };
  for (const [name, ends] of Object.entries(invited))
    await client.query(
      `INSERT INTO invitation (tenant_id, id, email, name, roles, token_hash, invited_by, accepted_at, revoked_at, expires_at)
       SELECT $1::uuid, $2::uuid, $3::text || '@example.com', $3::text, '{viewer}', '\\x01', $4::uuid, a::timestamptz, r::timestamptz, e + interval '1 day' FROM (VALUES (${ends})) v (a, r, e)`,
      [tenants[0], newId(), name, ada],
    );
  await old.enter('');
  await old.migrateFrom(LAST_BEFORE);
  await old.enter(tenants[0]);
  const after = await client.query(`SELECT name, revoked_at > now() - interval '1 day' AS now FROM invitation ORDER BY name`);
  expect(after.rows).toEqual([
    { name: 'accepted', now: null },
    { name: 'expired', now: null },
    { name: 'open', now: true },
    { name: 'revoked', now: false },
  ]);
  const forcedToo = await client.query(`SELECT relforcerowsecurity AS forced FROM pg_class WHERE relname = 'invitation'`);
  expect(forcedToo.rows).toEqual([{ forced: true }]);
  expect((await client.query('SELECT ended_at IS NOT NULL AS ended FROM session')).rows).toEqual([{ ended: true }]);
  for (const tenant of tenants) expect([await allowed(tenant, ada), await allowed(tenant, ben)]).toEqual([null, null]);

  const sealing = { ownerUrl: old.url, keyFile, sealedFile: join(folder, 'sealed.json') };
  expect(isSealed(sealing)).toBe(false);
  expect(await membershipsProblem()).toContain('npm run operator -- seal');
  const foreign = join(folder, 'foreign.json');
  createKeyFile(foreign);
  await expect(operator('seal', { SLUICE_KEY_FILE: foreign })).rejects.toThrow(/belongs to installation/);
  const said = await operator('seal');
  expect(said).toContain('4 memberships, 2 roles of workspaces, 3 passwords, 1 second factors');
  expect(said).toContain('That vouches for');
  // One that does not open is left as it was, and keeps nothing else from being sealed.
  expect(said).toContain(`${toWireId('factor', moved)} of ${ben}@example.com does not open`);
  expect((await client.query('SELECT sealed_place AS place FROM factor WHERE id = $1', [moved])).rows).toEqual([{ place: 1 }]);
  expect(isSealed(sealing)).toBe(true);
  expect(await membershipsProblem()).toBeNull();
  const written = readFileSync(sealing.sealedFile, 'utf8');
  expect(await operator('seal')).toContain('Nothing to do');
  expect(readFileSync(sealing.sealedFile, 'utf8')).toBe(written);
  for (const tenant of tenants) expect(await allowed(tenant, ada)).toContain('workspace.own');
  expect(await allowed(tenants[0], ben)).toEqual(['gates.execute', 'sessions.own']);
  expect(await allowed(tenants[1], ben)).toEqual([]);
  for (const tenant of tenants) {
    await old.enter(tenant);
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
  const [kept] = (
    await client.query<{ sealed: Buffer; place: number }>('SELECT sealed, sealed_place AS place FROM factor WHERE id = $1', [factor.id])
  ).rows;
  expect(kept?.place).toBe(2);
  const code = await generate({ secret });
  expect(await credentials.matchTotp({ ...factor, sealed: kept?.sealed ?? sealed }, code, new Date())).not.toBeNull();
  await expect(client.query(`UPDATE factor SET sealed = '\\x01'`)).rejects.toThrow(/never replaced/);

  await old.enter(tenants[0]);
  await client.query(`INSERT INTO membership (tenant_id, person_id, roles) VALUES ($1, $2, '{owner}')`, [tenants[0], late]);
  await client.query(`UPDATE workspace_role SET permissions = '{gates.approve}', row_version = row_version + 1`);
  // A start afterwards seals nothing any more.
  await sealOnce(sealing);
  expect([await allowed(tenants[0], late), await allowed(tenants[0], ben)]).toEqual([null, null]);
});

test('a database that comes back without seals is named, by the start and by the command, and is sealed when somebody vouches for it', async () => {
  const sealing = { ownerUrl: old.url, keyFile, sealedFile: join(folder, 'sealed.json') };
  await takeSealsOut();
  for (const tried of [sealOnce(sealing), operator('seal')])
    await expect(tried).rejects.toThrow(
      new RegExp(`${sealing.sealedFile}.*old backup was put back[^]*delete ${sealing.sealedFile}, by which you vouch`),
    );
  expect(await membershipsProblem()).toContain('npm run operator -- seal');
  rmSync(sealing.sealedFile);
  expect(await operator('seal')).toMatch(/^Sealed: [1-9]/);
  expect(await membershipsProblem()).toBeNull();
});

test('a start seals although the file of the demo is gone', async () => {
  const places = { ...placesIn(folder), keyFile };
  await takeSealsOut();
  rmSync(places.sealedFile);
  const step: Step = async (name, work) => (name === 'demo workspace' ? work() : ({} as Awaited<ReturnType<typeof work>>));
  const lines: string[] = [];
  const start = prepareDatabase({ places, ports: { provider: 1 } } as unknown as Site, old.url, {
    ...{ step, say: (line: string) => lines.push(line), connection: { endpoint: 'bulk', settlement: 'async' } as const, argon2: CHEAP_ARGON2 },
  });
  await expect(start).rejects.toThrow(/demo.json/);
  expect([existsSync(places.sealedFile), await membershipsProblem()]).toEqual([true, null]);
  expect(lines[0]).toMatch(/^Sealed: [1-9]/);
});
