import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { DEFINER_FUNCTIONS, GLOBAL_TABLES, OWNER_FUNCTIONS, TOOL_TABLES } from '../../db/global-tables.js';
import { type Ask, readTables, type TableShape, withoutPolicy, withoutSecurity } from '../harness/catalog.js';
import { testDatabase } from '../harness/database.js';

/** Reads the rules of tenancy from the database's own catalog: every table, every role, every function. A new table needs no line here. */

const PROCESS_ROLES = ['sluice_api', 'sluice_worker', 'sluice_relay', 'sluice_sequencer'];
const FUNCTION_ROLES = [...new Set(Object.values(DEFINER_FUNCTIONS))];

let database: Awaited<ReturnType<typeof testDatabase>>;
let owner: pg.Client;
let tables: TableShape[];

const rows: Ask = async (sql, values) => (await owner.query(sql, values)).rows;

beforeAll(async () => {
  database = await testDatabase();
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  tables = await readTables(rows);
});

afterAll(async () => {
  await owner?.end();
  await database?.drop();
});

const namesOf = (some: readonly TableShape[]) => some.map(({ name }) => name);
const tenantTables = () => tables.filter(({ isTenants }) => isTenants);

test('the catalog can be read, and holds the tables that this test is about', () => {
  expect(tables.length).toBeGreaterThan(30);
  expect(namesOf(tenantTables())).toEqual(expect.arrayContaining(['payout_item', 'transfer', 'audit_event', 'gate', 'workspace']));
});

test('every table is tenant-owned or on the list of global ones [S1-02] [S2-01] [S3-01] [S3-02] [S3-03]', () => {
  const others = namesOf(tables.filter(({ isTenants }) => !isTenants));
  expect(others.sort()).toEqual([...GLOBAL_TABLES, ...TOOL_TABLES].sort());
});

test('every tenant-owned table has row-level security, enabled and forced [S1-02] [S2-01] [S3-01] [S3-02] [S3-03]', () => {
  expect(withoutSecurity(tables)).toEqual([]);
});

test('people, their factors and their sessions have row-level security, and nothing reads the hash of a password or a token [S1-02]', async () => {
  const secured = await rows<{ table: string }>(
    `SELECT relname AS table FROM pg_class WHERE relname IN ('person', 'factor', 'factor_failures', 'recovery_code', 'session', 'person_event') AND relrowsecurity AND relnamespace = 'public'::regnamespace`,
  );
  expect(secured).toHaveLength(6);
  for (const [table, column] of [
    ['person', 'password_hash'],
    ['session', 'token_hash'],
  ])
    for (const role of PROCESS_ROLES)
      expect(await rows('SELECT has_column_privilege($1, $2, $3, $4) AS may', [role, `public.${table}`, column, 'SELECT'])).toEqual([{ may: false }]);
});

test('every tenant-owned table has the tenant policy for everybody, on reading and on writing [S1-01] [S2-01]', () => {
  expect(withoutPolicy(tables)).toEqual([]);
});

test('permissive policies beside it belong to the NOLOGIN owners of functions alone, but for those that show people to whom they concern', async () => {
  const others = await rows<{ table: string; role: string }>(`
    SELECT c.relname AS table, r::regrole::text AS role FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid, unnest(p.polroles) r
    WHERE p.polpermissive AND p.polname <> 'tenant' AND NOT (c.relname IN ('person', 'factor', 'factor_failures', 'recovery_code', 'session') AND p.polname IN ('own', 'colleagues'))
      AND NOT (c.relname = 'person_event' AND p.polname = 'adds' AND p.polcmd = 'a')`);
  expect(others.filter(({ role }) => !FUNCTION_ROLES.includes(role))).toEqual([]);
});

test('every primary key and every unique key of a tenant-owned table is led by the tenant [S1-02]', async () => {
  const keys = await rows<{ table: string; index: string; leads: string }>(`
    SELECT t.relname AS table, i.relname AS index, a.attname AS leads FROM pg_index x
    JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
    WHERE t.relnamespace = 'public'::regnamespace AND x.indisunique`);
  const names = namesOf(tenantTables());
  // A credential's hash is looked up before there is a tenant, and nobody can choose one that exists.
  const wrong = keys.filter(({ table, leads, index }) => names.includes(table) && leads !== 'tenant_id' && index !== 'api_key_token_hash_key');
  expect(wrong).toEqual([]);
  expect(names.filter((name) => !keys.some(({ table }) => table === name))).toEqual([]);
});

test('every foreign key between tenant-owned tables carries the tenant on both sides [S1-02]', () => {
  const names = namesOf(tenantTables());
  const between = tenantTables().flatMap((table) => table.foreignKeys.filter(({ target }) => names.includes(target)));
  expect(between.length).toBeGreaterThan(20);
  expect(between.filter(({ columns, targets }) => columns[0] !== 'tenant_id' || targets[0] !== 'tenant_id')).toEqual([]);
});

describe('roles', () => {
  test('no role of ours is superuser, bypasses row-level security, or makes roles and databases, except for the owner', async () => {
    const roles = await rows<{ name: string; super: boolean; bypass: boolean; makes: boolean; login: boolean }>(
      `
      SELECT rolname AS name, rolsuper AS super, rolbypassrls AS bypass, rolcreaterole OR rolcreatedb AS makes, rolcanlogin AS login
      FROM pg_roles WHERE rolname = ANY($1) OR rolname = current_user OR pg_has_role(oid, 'sluice_api', 'MEMBER')
        OR pg_has_role(oid, 'sluice_worker', 'MEMBER') OR pg_has_role(oid, 'sluice_relay', 'MEMBER') OR pg_has_role(oid, 'sluice_sequencer', 'MEMBER')`,
      [[...PROCESS_ROLES, ...FUNCTION_ROLES]],
    );
    const [{ me } = { me: '' }] = await rows<{ me: string }>('SELECT current_user AS me');
    const ours = roles.filter((role) => [...PROCESS_ROLES, ...FUNCTION_ROLES, me].includes(role.name));
    expect(ours).toHaveLength(PROCESS_ROLES.length + FUNCTION_ROLES.length + 1);
    expect(ours.filter((role) => role.super || role.bypass)).toEqual([]);
    expect(ours.filter((role) => role.name !== me && (role.makes || role.login))).toEqual([]);
  });

  test('no process role owns anything, nor may it truncate, reference or add triggers', async () => {
    const [owned] = await rows<{ count: string }>(
      `SELECT count(*) FROM pg_class WHERE relowner = ANY (SELECT oid FROM pg_roles WHERE rolname = ANY($1))`,
      [PROCESS_ROLES],
    );
    expect(owned?.count).toBe('0');
    const wide = await rows(
      `SELECT r AS role, t AS table, p AS privilege FROM unnest($1::text[]) r, unnest($2::text[]) t, unnest(ARRAY['TRUNCATE', 'REFERENCES', 'TRIGGER']) p
       WHERE has_table_privilege(r, 'public.' || quote_ident(t), p)`,
      [[...PROCESS_ROLES, ...FUNCTION_ROLES], namesOf(tables)],
    );
    expect(wide).toEqual([]);
  });

  test('nobody may update or delete ledger, audit, evidence or gates [S3-22]', async () => {
    const kept = namesOf(tables.filter(({ appendOnly }) => appendOnly));
    expect(kept).toEqual(expect.arrayContaining(['transfer', 'gate', 'item_transition', 'dispatch', 'audit_event', 'audit_leaf']));
    const rights = await rows(
      `SELECT r AS role, t AS table, p AS privilege FROM unnest($1::text[]) r, unnest($2::text[]) t, unnest(ARRAY['UPDATE', 'DELETE']) p
       WHERE has_table_privilege(r, 'public.' || quote_ident(t), p) OR (p = 'UPDATE' AND has_any_column_privilege(r, 'public.' || quote_ident(t), p))`,
      [[...PROCESS_ROLES, ...FUNCTION_ROLES], kept],
    );
    expect(rights).toEqual([]);
  });

  test('only the API inserts gates and challenges, only the worker attempts, only the sequencer leaves, only the relay claims', async () => {
    const who = await rows<{ table: string; roles: string[] }>(
      `SELECT t AS table, ARRAY(SELECT r FROM unnest($1::text[]) r WHERE has_table_privilege(r, 'public.' || t, 'INSERT') ORDER BY r) AS roles
       FROM unnest(ARRAY['gate', 'challenge', 'dispatch', 'audit_leaf', 'audit_tree', 'audit_checkpoint']) t`,
      [PROCESS_ROLES],
    );
    expect(Object.fromEntries(who.map(({ table, roles }) => [table, roles]))).toEqual({
      gate: ['sluice_api'],
      challenge: ['sluice_api'],
      dispatch: ['sluice_worker'],
      audit_leaf: ['sluice_sequencer'],
      audit_tree: ['sluice_sequencer'],
      audit_checkpoint: ['sluice_sequencer'],
    });
    const relay = await rows(
      `SELECT t AS table FROM unnest($1::text[]) t WHERE has_any_column_privilege('sluice_relay', 'public.' || quote_ident(t), 'SELECT, INSERT, UPDATE')`,
      [namesOf(tables)],
    );
    expect(relay).toEqual([]);
    expect(
      await rows(`SELECT r FROM unnest($1::text[]) r WHERE has_function_privilege(r, 'sluice_claim_outbox(int, interval)', 'EXECUTE')`, [
        PROCESS_ROLES,
      ]),
    ).toEqual([{ r: 'sluice_relay' }]);
  });

  test('the worker sees no factor, no password, no session and no key of people', async () => {
    for (const role of ['sluice_worker', 'sluice_relay', 'sluice_sequencer'])
      for (const table of ['person', 'factor', 'factor_failures', 'recovery_code', 'session', 'person_event', 'api_key', 'challenge'])
        expect(await rows('SELECT has_any_column_privilege($1, $2, $3) AS may', [role, `public.${table}`, 'SELECT, INSERT, UPDATE'])).toEqual([
          { may: false },
        ]);
  });
});

test('functions that look across tenants: the listed ones, a fixed search_path, a NOLOGIN owner, nothing for PUBLIC', async () => {
  const functions = await rows<{ name: string; owner: string; definer: boolean; path: string[] | null; bound: boolean; public: boolean }>(`
    SELECT p.proname AS name, p.proowner::regrole::text AS owner, p.prosecdef AS definer, p.proconfig AS path, p.prosqlbody IS NOT NULL AS bound,
      EXISTS (SELECT 1 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) WHERE grantee = 0) AS public
    FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace`);
  const definers = functions.filter((one) => one.definer);
  const [{ me } = { me: '' }] = await rows<{ me: string }>('SELECT current_user AS me');
  expect(Object.fromEntries(definers.map((one) => [one.name, one.owner]))).toEqual({
    ...DEFINER_FUNCTIONS,
    ...Object.fromEntries(OWNER_FUNCTIONS.map((name) => [name, me])),
  });
  // The names in a body by the SQL standard are bound when it is defined: no search path is used later.
  expect(functions.filter((one) => !one.bound && !one.path?.some((setting) => setting.startsWith('search_path=')))).toEqual([]);
  expect(functions.filter((one) => one.public)).toEqual([]);
});
