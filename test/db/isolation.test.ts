import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { createInvitation } from '../../operations/invitation/create.js';
import { createPayee } from '../../operations/payee/create.js';
import { defineRole } from '../../operations/role/define.js';
import { systemEntropy } from '../../vault/entropy.js';
import { type Ask, readTables, type TableShape, withoutPolicy, withoutSecurity } from '../harness/catalog.js';
import { ensureRow, insertRow } from '../harness/sample-row.js';
import { openWorld, type World } from '../world/open.js';
import { confirmedProposal, confirmedRecovery } from '../world/proposals.js';
import { must } from '../world/wire.js';

jest.setTimeout(120_000);

/**
 * Row-level security by its effect: a workspace with a row in every table, and what is seen of it from elsewhere. The
 * tables are those of the catalog; a new one is tested without a line here.
 */

let world: World;
let owner: pg.Client;
let foreign: string;
let tables: TableShape[];

/** What a migration writes for a new table, with every type of column that we use. */
const NEW_TABLE = `
  CREATE TABLE fixture_note (
    tenant_id uuid NOT NULL, id uuid NOT NULL, payee_id uuid NOT NULL, number bigint NOT NULL, place int NOT NULL, body text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('call', 'letter')), more jsonb NOT NULL, raw bytea NOT NULL, urgent boolean NOT NULL,
    due_at timestamptz NOT NULL, digest bytea CHECK (length(digest) = 20), created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (number > place AND place > 3),
    PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, payee_id) REFERENCES payee (tenant_id, id)
  );
  CREATE TABLE fixture_note_answer (
    tenant_id uuid NOT NULL REFERENCES workspace (tenant_id), id uuid NOT NULL, note_id uuid NOT NULL, person_id uuid NOT NULL REFERENCES person (id),
    PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, note_id) REFERENCES fixture_note (tenant_id, id)
  )`;
const ITS_RULES = `SELECT sluice_own_by_tenant('fixture_note'), sluice_own_by_tenant('fixture_note_answer'), sluice_make_append_only('fixture_note_answer')`;

const ask: Ask = async (sql, values) => (await owner.query(sql, values)).rows;
const enter = (tenantId: string) => ask(`SELECT set_config('app.tenant_id', $1, false)`, [tenantId]);
const tenantTables = (all: readonly TableShape[]) => all.filter(({ isTenants }) => isTenants);

/** Gives the home workspace a row in each of these tables. */
const fill = async (all: TableShape[]): Promise<void> => {
  await enter(world.home.tenantId);
  for (const table of tenantTables(all)) await ensureRow(ask, all, table, world.home.tenantId);
};

beforeAll(async () => {
  world = await openWorld();
  owner = new pg.Client({ connectionString: world.database.ownerUrl });
  await owner.connect();
  foreign = (await world.workspace()).tenantId;
  // Triggers and checks let nobody make these rows out of nothing: gates, challenges, holds, keys of destinations, invitations, the audit log.
  await world.openUpTo('execute', (await world.batch()).id);
  await confirmedProposal(world);
  await payeeByKey();
  must(await defineRole(world.as(await world.person('admin')), { name: 'reviewer', permissions: ['batches.read'] }));
  must(await createInvitation(world.as(await world.person('owner')), { email: 'nina@people.example', name: 'Nina', roles: ['auditor'] }));
  const operator = await world.operator();
  await world.as(operator.actor).inTenant((stores) => stores.freezes.propose({ id: systemEntropy.newId(), reason: 'x', operatorId: operator.id }));
  await world.sequence();
  const proposalId = await confirmedRecovery(world);
  await world.worker().inTenant((stores) => stores.recoveries.startGeneration({ generation: 2, proposalId, keptSize: 0n }));
  await ask(NEW_TABLE);
  await ask(ITS_RULES);
  tables = await readTables(ask);
  await fill(tables);
});
afterAll(async () => {
  await owner?.end();
  await world?.close();
});

/** A payee that came with an API key. */
const payeeByKey = async (): Promise<void> => {
  const key = {
    type: 'api_key',
    keyId: systemEntropy.newId(),
    ownerPersonId: (await world.person('preparer')).id,
    scopes: ['payees.write'],
  } as const;
  must(await createPayee(world.as(key), { reference: 'by-key', name: 'Ada', payee_type: 'individual', country: 'DE', account_token: 'acct_by-key' }));
};

/** Rows of the home workspace that can be seen from a workspace, or from none. Asked as the tables' owner. */
const homeRows = async ({ name }: TableShape, from: string) => {
  await enter(from);
  const rows = await ask<{ row: Record<string, unknown> }>(`SELECT to_jsonb(t) AS row FROM "${name}" t WHERE tenant_id = $1`, [world.home.tenantId]);
  return rows.map(({ row }) => row);
};

/** One line for each table of which another workspace, or none, sees rows of the home workspace. */
const seen = async (all: readonly TableShape[]): Promise<string[]> => {
  const found: string[] = [];
  for (const table of tenantTables(all))
    for (const from of [foreign, ''])
      if ((await homeRows(table, from)).length > 0) found.push(`${table.name} is seen from ${from ? 'another workspace' : 'no workspace'}`);
  return found;
};

/** One line for each table into which another workspace, or none, writes a row of the home workspace, or is not refused by its policy. */
const written = async (all: readonly TableShape[]): Promise<string[]> => {
  const found: string[] = [];
  for (const table of tenantTables(all)) {
    const [row] = await homeRows(table, world.home.tenantId);
    if (!row) throw new Error(`${table.name} has no row of the home workspace`);
    for (const from of [foreign, '']) {
      await enter(from);
      await ask('BEGIN');
      // A trigger may refuse before the policy is asked: the policy has to refuse by itself.
      await ask(`ALTER TABLE "${table.name}" DISABLE TRIGGER USER`);
      const problem = await insertRow(ask, table, row).then(
        () => 'nothing refuses it',
        (error: Error) => error.message,
      );
      await ask('ROLLBACK');
      if (!/violates row-level security policy/.test(problem))
        found.push(`${table.name} is written from ${from ? 'another workspace' : 'no workspace'}: its policy did not refuse it, but ${problem}`);
    }
  }
  return found;
};

test('every tenant-owned table holds a row of the workspace, so that none is empty by accident', async () => {
  const empty: string[] = [];
  for (const table of tenantTables(tables)) if ((await homeRows(table, world.home.tenantId)).length === 0) empty.push(table.name);
  expect(tenantTables(tables).length).toBeGreaterThan(25);
  expect(empty).toEqual([]);
});

test('no row of any table is seen from another workspace, or from none [S1-02] [S3-01] [S3-03]', async () => {
  expect(await seen(tables)).toEqual([]);
});

test('no row can be written into another workspace, or out of none [S1-02] [S3-02] [S3-03]', async () => {
  expect(await written(tables)).toEqual([]);
});

test('a new table that a migration gives its rules is among them, and an append-only one refuses changes', async () => {
  const added = tables.filter(({ name }) => name.startsWith('fixture_note'));
  expect(added.map(({ name, isTenants, appendOnly }) => ({ name, isTenants, appendOnly }))).toEqual([
    { name: 'fixture_note', isTenants: true, appendOnly: false },
    { name: 'fixture_note_answer', isTenants: true, appendOnly: true },
  ]);
  expect([...withoutSecurity(added), ...withoutPolicy(added)]).toEqual([]);
  await enter(world.home.tenantId);
  await ask(`UPDATE fixture_note SET body = 'changed'`);
  for (const sql of ['UPDATE fixture_note_answer SET id = id', 'DELETE FROM fixture_note_answer', 'TRUNCATE fixture_note_answer'])
    await expect(ask(sql)).rejects.toThrow('fixture_note_answer is append-only');
});

test('the two functions refuse a table without tenant_id', async () => {
  await ask('CREATE TABLE nobodys_note (id uuid PRIMARY KEY, tenant_id text)');
  try {
    for (const rule of ['sluice_own_by_tenant', 'sluice_make_append_only'])
      await expect(ask(`SELECT ${rule}('nobodys_note')`)).rejects.toThrow('public.nobodys_note has no column "tenant_id uuid NOT NULL"');
  } finally {
    await ask('DROP TABLE nobodys_note');
  }
});

test('a table that forgets its policy is found', async () => {
  await ask(`CREATE TABLE forgetful_note (tenant_id uuid NOT NULL REFERENCES workspace (tenant_id), id uuid NOT NULL, PRIMARY KEY (tenant_id, id))`);
  try {
    const forgetful = async () => {
      const all = await readTables(ask);
      await fill(all);
      return all.filter(({ name }) => name === 'forgetful_note');
    };
    const bare = await forgetful();
    expect(withoutSecurity(bare)).toEqual([expect.stringMatching(/^forgetful_note: row-level security is not enabled; .*sluice_own_by_tenant/)]);
    expect(withoutPolicy(bare)).toEqual([expect.stringMatching(/^forgetful_note: it has no policy "tenant"; .*sluice_own_by_tenant/)]);
    expect(await seen(bare)).toEqual(['forgetful_note is seen from another workspace', 'forgetful_note is seen from no workspace']);
    expect(await written(bare)).toHaveLength(2);

    await ask('ALTER TABLE forgetful_note ENABLE ROW LEVEL SECURITY; CREATE POLICY tenant ON forgetful_note USING (true)');
    const open = await forgetful();
    expect(withoutSecurity(open)).toEqual([expect.stringContaining('row-level security is not forced')]);
    expect(withoutPolicy(open)).toHaveLength(1);

    await ask(`DROP POLICY tenant ON forgetful_note; SELECT sluice_own_by_tenant('forgetful_note')`);
    const kept = await forgetful();
    expect([...withoutSecurity(kept), ...withoutPolicy(kept), ...(await seen(kept)), ...(await written(kept))]).toEqual([]);
  } finally {
    await ask('DROP TABLE forgetful_note');
  }
});
