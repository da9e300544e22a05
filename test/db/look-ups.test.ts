import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { storesOf } from '../../db/stores.js';
import { type Database, openDatabase, type Tx } from '../../db/transaction/open.js';
import type { Stores } from '../../operations/ports.js';
import type { AskedPayment } from '../../operations/stores/facts.js';
import { systemEntropy } from '../../vault/entropy.js';
import { until } from '../harness/until.js';
import { openWorld, type World } from '../world/open.js';
import type { Payee } from '../world/payees.js';

/**
 * A read of a few rows among many reads only a few, also with a plan that a long connection made while the tables were
 * empty. Postgres itself counts the entries that a transaction read of each index.
 */
const MANY = 400;
/** Equal payments of one batch, of which all pairs would be a million. */
const EQUAL = 1_000;
/** A scan may read an entry past its end, or one of a row that was changed. */
const SCAN_ENDS = 10;
const { newId } = systemEntropy;

let world: World;
const pools: Partial<Record<'api' | 'worker', Database>> = {};
let batchId: string;
/** A batch with its three gates. */
let openedId: string;
let ids: string[];
let destinationId: string;
/** Batches of many equal payments to one payee. */
let equal: { payeeId: string; first: string; second: string };

type Query = (stores: Stores) => Promise<unknown>;

const PAYEES = ['payee', 'payee_destination', 'payee_account', 'subject_key', 'payment_seen'];
const LOG = ['audit_event', 'audit_leaf'];

interface Asked {
  query: Query;
  /** How many rows may be read. */
  rows: number;
  role?: 'api' | 'worker';
  tables?: string[];
}

/** Entries that scans read of the indexes of payees and items, or of the given tables, while a query ran. */
const fetched = async ({ query, role = 'worker', tables = PAYEES }: Asked): Promise<number> => {
  const pool = pools[role];
  if (!pool) throw new Error(`no pool of ${role}`);
  return pool.transaction(async (tx) => {
    await tx.sql.rows('set')`SELECT set_config('app.tenant_id', ${world.home.tenantId}, true)`;
    const before = await countOf(tx, tables);
    await query(storesOf(tx, { tenantId: world.home.tenantId, actor: { type: 'system', process: role }, requestId: 'r', now: new Date() }));
    return Number((await countOf(tx, tables)) - before);
  });
};

const countOf = async (tx: Tx, tables: readonly string[]): Promise<bigint> => {
  const [row] = await tx.sql.rows<{ read: bigint }>('set')`
    SELECT coalesce(sum(t.seq_tup_read + (
      SELECT coalesce(sum(pg_stat_get_xact_tuples_returned(i.indexrelid)), 0) FROM pg_index i WHERE i.indrelid = t.relid)), 0)::bigint AS read
    FROM pg_stat_xact_all_tables t
    WHERE t.relname = ANY(${tables}::text[]) OR (${tables === PAYEES} AND t.relname LIKE 'payout\_item%')`;
  return row?.read ?? 0n;
};

const payment = (id: string, amount: bigint, ordinal = 0): AskedPayment => ({
  ...{ payeeId: null, payeeReference: `payee-${id}`, amount, reference: `ref-${ordinal}` },
});

/** Two items, and what facts keep beside each. */
const SUMS: [number, number][] = [
  [7, 2],
  [200, 2],
];
const CASES = (): [number, string][] => SUMS.map(([ordinal]) => [ordinal, destinationId]);

const QUERIES: Record<string, Asked> = {
  'payees to pay, by reference': {
    query: (stores) =>
      stores.payees.toPay(
        'reference',
        ids.slice(7, 10).map((id) => `payee-${id}`),
        true,
      ),
    rows: 12,
  },
  'payees to pay, by id': { query: (stores) => stores.payees.toPay('id', ids.slice(7, 10), true), rows: 12 },
  'payees by id': { query: (stores) => stores.payees.byIds(ids.slice(7, 10)), rows: 6 },
  'keys of subjects': { query: (stores) => stores.keys.subjectKeys(ids.slice(7, 10)), rows: 3 },
  'items of evidence': { query: (stores) => stores.chunks.evidenceItems(batchId, [3, 200, 390]), rows: 3 },
  // Each of three gates looks for its event among the four of its batch.
  'gates with their events': { query: (stores) => stores.gates.standing(openedId), rows: 12, tables: LOG },
  'payments that nobody made': {
    query: (stores) =>
      stores.facts.repeatsOf(
        ids.map((id) => payment(id, 2n)),
        'EUR',
      ),
    rows: 0,
  },
  // Each with its payment, its item and its payee; the first payment twice, because one ends the search for any.
  'payments that were made': {
    query: (stores) =>
      stores.facts.repeatsOf(
        ids.slice(7, 10).map((id, i) => payment(id, 1n, i + 7)),
        'EUR',
      ),
    rows: 13,
  },
  // Of each batch its payments and items, and of each item its payee; never a pair of payments.
  'equal payments that were made twice': {
    query: (stores) =>
      stores.facts.repeatsOf(
        Array.from({ length: EQUAL }, () => ({ ...payment(equal.payeeId, 5n), payeeId: equal.payeeId })),
        'EUR',
      ),
    rows: 7 * EQUAL,
  },
  'facts of a batch of equal payments': { query: (stores) => stores.facts.seal(equal.second, 1), rows: 8 * EQUAL, role: 'api' },
  // Of each item its payment, its payee, the destination, which was not paid before, and who has its account.
  'facts of a batch': { query: (stores) => stores.facts.seal(batchId, 1), rows: 5 * MANY, role: 'api' },
  'held payees of a batch': { query: (stores) => stores.facts.heldPayees(batchId), rows: 6, role: 'api' },
  // Of the payee its payment, and the item.
  'whether a payee is paid': { query: (stores) => stores.payees.isPaid(ids[7] ?? newId()), rows: 3, role: 'api' },
  // Of each item its payee, its version and what it is beside, or who made it.
  'changed destinations of a batch': { query: (stores) => stores.facts.changedDestinations(batchId, CASES()), rows: 8, role: 'api' },
  'changed payees of a batch': { query: (stores) => stores.facts.changedPayees(batchId, CASES()), rows: 10, role: 'api' },
  'foreign accounts of a batch': { query: (stores) => stores.facts.foreignAccounts(batchId, [7, 200]), rows: 6, role: 'api' },
  'shared accounts of a batch': {
    query: (stores) =>
      stores.facts.sharedAccounts(
        batchId,
        [7, 200].map((ordinal) => [ordinal, ids[9] ?? newId()]),
      ),
    rows: 8,
    role: 'api',
  },
  // Of each item its payee, and the item that it equals.
  'same payments of a batch': {
    query: (stores) =>
      stores.facts.samePayments(
        batchId,
        [7, 200].map((ordinal) => [ordinal, 1, batchId, 9]),
      ),
    rows: 6,
    role: 'api',
  },
  'repeated items of a batch': { query: (stores) => stores.facts.repeatedItems(batchId, SUMS), rows: 4, role: 'api' },
  'unusual items of a batch': { query: (stores) => stores.facts.unusualItems(batchId, SUMS), rows: 4, role: 'api' },
  // All of its destinations were made lately by somebody else, and none has a later version.
  'who prepared a batch': { query: (stores) => stores.batches.preparers(batchId), rows: 2 * MANY + 10, role: 'api' },
  // All items of the batch, once, and none of another.
  'references of a batch': { query: (stores) => stores.proposals.referencesGiven(batchId, ['pay_1', 'pay_2']), rows: MANY },
  'batches of today': { query: (stores) => stores.planUse.batchesToday(), rows: 20, role: 'api', tables: ['payout_batch'] },
  'items of a chunk': { query: (stores) => stores.chunks.items(batchId, 10, 13), rows: 12 },
};

/** A batch of equal payments. */
const equals = async (payee: Payee): Promise<string> => {
  const { id } = await world.batch({ amounts: [5n], payees: [payee] });
  await world.sqlIn(
    world.home.tenantId,
    `INSERT INTO payout_item (tenant_id, batch_id, ordinal, payee_id, destination_id, reference, remittance, amount, leaf)
     SELECT $1, $2, n, $3, $4, 'ref-0', '', 5, sha256(n::text::bytea) FROM generate_series(1, $5::int - 1) n`,
    [world.home.tenantId, id, payee.id, payee.destinationId, EQUAL],
  );
  return id;
};

const absent = (error: Error): void => {
  if (!/foreign key/i.test(error.message)) throw error;
};

beforeAll(async () => {
  world = await openWorld();
  for (const role of ['api', 'worker'] as const) pools[role] = openDatabase(world.database.urls[role], 1);
  [batchId, openedId, destinationId, ids] = [newId(), newId(), newId(), [newId()]];
  equal = { payeeId: newId(), first: newId(), second: newId() };
  // Nothing is there yet, so sealing it refuses, with its plans made.
  for (const asked of Object.values(QUERIES)) await fetched(asked).catch(absent);
  const preparer = await world.person('preparer');
  const payees = [];
  for (let i = 0; i < MANY; i++) payees.push(await world.payee(`Payee ${i}`, preparer));
  ids = payees.map(({ id }) => id);
  destinationId = payees[9]?.destinationId ?? '';
  batchId = (await world.batch({ amounts: payees.map(() => 1n), payees })).id;
  const many = await world.payee('Payee of many', preparer);
  equal = { payeeId: many.id, first: await equals(many), second: await equals(many) };
  openedId = (await world.batch()).id;
  for (const id of [openedId, (await world.batch()).id]) await world.openUpTo('execute', id);
  // Batches of earlier days.
  await world.sql(
    `INSERT INTO payout_batch SELECT (jsonb_populate_record(b, jsonb_build_object(
       'id', gen_random_uuid(), 'external_id', NULL, 'created_at', now() - interval '3 days'))).* FROM payout_batch b, generate_series(1, $2) WHERE b.id = $1`,
    [batchId, MANY],
  );
  await world.sql('UPDATE payee SET held_at = now() WHERE id = ANY ($1)', [ids.slice(7, 9)]);
});
afterAll(async () => {
  for (const pool of Object.values(pools)) await pool.close();
  await world?.close();
});

test.each(Object.entries(QUERIES))('%s: no more rows are read than are answered', async (_name, asked) => {
  expect(await fetched(asked)).toBeLessThanOrEqual(asked.rows + SCAN_ENDS);
});

test('a batch is compared with one that was sealed meanwhile by each of its keys once, and not by each pair of equal payments', async () => {
  const other = openDatabase(world.database.urls.api, 1);
  const { tenantId } = world.home;
  const ofOther = await world.batch({ amounts: [3n] });
  let reads: Promise<number> | undefined;
  await other.transaction(async (tx) => {
    await tx.sql.rows('set')`SELECT set_config('app.tenant_id', ${tenantId}, true)`;
    const scope = { tenantId, actor: { type: 'system', process: 'api' }, requestId: 'r', now: new Date() } as const;
    await storesOf(tx, scope).facts.seal(equal.first, 1);
    reads = fetched({ query: (stores) => stores.facts.seal(ofOther.id, 1), rows: 0, role: 'api' });
    const waits = `SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE NOT l.granted AND d.datname = current_database()`;
    await until('the other sealing to wait', async () => (await world.sql(waits)).length > 0 || undefined);
  });
  // Each payment of the newer batch, and then all that have their one key.
  const rows = await reads;
  await other.close();
  expect(rows).toBeGreaterThan(2 * EQUAL);
  expect(rows).toBeLessThan(5 * EQUAL);
});
