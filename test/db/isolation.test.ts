import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { GLOBAL_TABLES } from '../../db/global-tables.js';
import { toItemId } from '../../domain/ids.js';
import { intendChunk } from '../../operations/chunk/intend.js';
import { applyOutcomes } from '../../operations/settlement/apply.js';
import { systemEntropy } from '../../vault/entropy.js';
import { type PayScene, payScene, tokens } from '../operations/pay-scene.js';

jest.setTimeout(120_000);

/** Row-level security by its effect: a workspace with a row in every table, and what is seen of it from elsewhere. */

let scene: PayScene;
let foreign: string;
let tables: string[];
const { newId } = systemEntropy;

beforeAll(async () => {
  scene = await payScene();
  const { tenantId, connectionId } = scene.home;
  const batchId = await scene.executing(tokens(1));
  await intendChunk(scene.worker(), { batchId, chunk: 0 });
  const strange = { outcome: 'paid', rank: 1, providerReference: null, reason: null, currency: null, amount: 1n, key: toItemId(batchId, 0) } as const;
  await scene.worker().inTenant((stores) => applyOutcomes(scene.worker(), stores, { batchId, connectionId, source: 'webhook', outcomes: [strange] }));
  const owner = await scene.person('admin');
  await scene.sql(
    `INSERT INTO api_key (tenant_id, id, name, prefix, token_hash, scopes, owner_person_id) VALUES ($1, $2, 'key', 'sluice_test_', sha256('key'), '{}', $3)`,
    [tenantId, newId(), owner.id],
  );
  await scene.sql(
    `INSERT INTO idempotency_key (tenant_id, principal, route, key, input_hash, lease_until) VALUES ($1, 'p', 'r', 'k', sha256('input'), now())`,
    [tenantId],
  );
  await scene.sql(`INSERT INTO inbound_event (tenant_id, id, connection_id, provider_event_id, sealed_body) VALUES ($1, $2, $3, 'evt', '\\x00')`, [
    tenantId,
    newId(),
    connectionId,
  ]);
  foreign = (await scene.workspace('test', 1n)).tenantId;
  tables = (
    await scene.sql<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
       WHERE table_schema = 'public' AND column_name = 'tenant_id' AND table_type = 'BASE TABLE' AND table_name <> ALL ($1) ORDER BY 1`,
      [[...GLOBAL_TABLES]],
    )
  ).map(({ name }) => name);
});
afterAll(() => scene?.close());

/** Rows of the home workspace that can be seen from a workspace, or from none. Asked as the tables' owner. */
const homeRows = async (table: string, from: string) => {
  await scene.enter(from);
  const rows = await scene.sql<{ row: object }>(`SELECT to_jsonb(t) AS row FROM ${table} t WHERE tenant_id = $1`, [scene.home.tenantId]);
  return rows.map(({ row }) => row);
};

test('every tenant-owned table holds a row of the workspace, so that none is empty by accident', async () => {
  const empty: string[] = [];
  for (const table of tables) if ((await homeRows(table, scene.home.tenantId)).length === 0) empty.push(table);
  expect(tables.length).toBeGreaterThan(25);
  expect(empty).toEqual([]);
});

test('[S1-02] [S3-01] [S3-03] no row of any table is seen from another workspace, or from none', async () => {
  const seen: string[] = [];
  for (const table of tables)
    for (const from of [foreign, '']) if ((await homeRows(table, from)).length > 0) seen.push(`${table} from ${from ? 'another' : 'none'}`);
  expect(seen).toEqual([]);
});

test('[S1-02] [S3-02] [S3-03] no row can be written into another workspace, or out of none', async () => {
  const written: string[] = [];
  for (const table of tables) {
    const [row] = await homeRows(table, scene.home.tenantId);
    for (const from of [foreign, '']) {
      await scene.enter(from);
      const insert = scene.sql(`INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT * FROM jsonb_populate_record(NULL::${table}, $1)`, [row]);
      const problem = await insert.then(
        () => 'nothing',
        (error: Error) => error.message,
      );
      if (!REFUSALS.test(problem)) written.push(`${table}: ${problem}`);
    }
  }
  expect(written).toEqual([]);
});

/** The policy, or a trigger that comes before it and sees nothing of the other workspace. */
const REFUSALS = /row-level security|starts at zero|needs its own used challenge/;
