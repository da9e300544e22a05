import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { storesOf } from '../../db/stores.js';
import { type Database, openDatabase, type Tx } from '../../db/transaction/open.js';
import type { Stores } from '../../operations/ports.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';

/**
 * A read of a few rows among many fetches only a few, also with a plan that a long connection made while the tables were
 * empty. Postgres itself counts the rows that index scans fetched in a transaction.
 */
const MANY = 400;
const { newId } = systemEntropy;

let world: World;
let pool: Database;
let batchId: string;
let ids: string[];

type Query = (stores: Stores) => Promise<unknown>;

const PAYEES = ['payee', 'payee_destination', 'subject_key'];
const LOG = ['audit_event', 'audit_leaf'];

/** Rows that index scans fetched from tables of payees and items, or from the given ones, while a query ran. */
const fetched = async (query: Query, tables = PAYEES): Promise<number> =>
  pool.transaction(async (tx) => {
    await tx.sql.rows('set')`SELECT set_config('app.tenant_id', ${world.home.tenantId}, true)`;
    const before = await countOf(tx, tables);
    await query(storesOf(tx, { tenantId: world.home.tenantId, actor: { type: 'system', process: 'worker' }, requestId: 'r', now: new Date() }));
    return Number((await countOf(tx, tables)) - before);
  });

const countOf = async (tx: Tx, tables: readonly string[]): Promise<bigint> => {
  const [row] = await tx.sql.rows<{ fetched: bigint }>('set')`
    SELECT coalesce(sum(coalesce(idx_tup_fetch, 0) + seq_tup_read), 0)::bigint AS fetched FROM pg_stat_xact_all_tables
    WHERE relname = ANY(${tables}::text[]) OR (${tables === PAYEES} AND relname LIKE 'payout\_item%')`;
  return row?.fetched ?? 0n;
};

const QUERIES: Record<string, { query: Query; rows: number; tables?: string[] }> = {
  'payees to pay, by reference': {
    query: (stores) =>
      stores.payees.toPay(
        'reference',
        ids.slice(7, 10).map((id) => `payee-${id}`),
        true,
      ),
    rows: 9,
  },
  'payees to pay, by id': { query: (stores) => stores.payees.toPay('id', ids.slice(7, 10), true), rows: 9 },
  'payees by id': { query: (stores) => stores.payees.byIds(ids.slice(7, 10)), rows: 6 },
  'keys of subjects': { query: (stores) => stores.keys.subjectKeys(ids.slice(7, 10)), rows: 3 },
  'items of evidence': { query: (stores) => stores.chunks.evidenceItems(batchId, [3, 200, 390]), rows: 3 },
  // Each of three gates looks for its event among the four of its batch.
  'gates with their events': { query: (stores) => stores.gates.standing(batchId), rows: 12, tables: LOG },
  'items of a chunk': { query: (stores) => stores.chunks.items(batchId, 10, 13), rows: 12 },
};

beforeAll(async () => {
  world = await openWorld();
  pool = openDatabase(world.database.urls.worker, 1);
  [batchId, ids] = [newId(), [newId()]];
  for (const { query, tables } of Object.values(QUERIES)) await fetched(query, tables);
  const preparer = await world.person('preparer');
  const payees = [];
  for (let i = 0; i < MANY; i++) payees.push(await world.payee(`Payee ${i}`, preparer));
  ids = payees.map(({ id }) => id);
  batchId = (await world.batch({ amounts: payees.map(() => 1n), payees })).id;
  await world.openUpTo('execute', batchId);
  await world.openUpTo('execute', (await world.batch()).id);
});
afterAll(async () => {
  await pool?.close();
  await world?.close();
});

test.each(Object.entries(QUERIES))('%s: no more rows are read than are answered', async (_name, { query, rows, tables }) => {
  expect(await fetched(query, tables)).toBeLessThanOrEqual(rows);
});
