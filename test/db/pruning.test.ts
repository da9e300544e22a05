import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { storesOf } from '../../db/stores.js';
import { type Database, openDatabase, type Tx } from '../../db/transaction/open.js';
import { toItemId } from '../../domain/ids.js';
import { type ItemTransition, transitionBlock } from '../../domain/item/transitions.js';
import type { Stores } from '../../operations/ports.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';
import { dispatch } from '../world/sent.js';

jest.setTimeout(120_000);

/**
 * Every statement about a batch reads the one partition that the batch lies in, by its index: with the plans that a long
 * connection keeps, and made while the tables were empty. Postgres itself counts the scans of each table in a transaction.
 */

const { newId } = systemEntropy;

let world: World;
let batchId: string;
const pools: Partial<Record<'api' | 'worker', Database>> = {};
beforeAll(async () => {
  world = await openWorld();
  for (const role of ['api', 'worker'] as const) pools[role] = openDatabase(world.database.urls[role], 1);
  for (const [role, queries] of Object.entries(QUERIES))
    for (const query of Object.values(queries)) await scansOf(role as 'api' | 'worker', query, newId()).catch(absent);
  const payees = [await world.payee('Ana', await world.person('preparer'))];
  batchId = (await world.batch({ amounts: [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n], payees })).id;
  await world.openUpTo('execute', batchId);
  await dispatch(world, batchId, [0, 1, 2, 3]);
  await world.batch();
});
afterAll(async () => {
  for (const pool of Object.values(pools)) await pool.close();
  await world?.close();
});

/** Statements are planned first with an id that names no batch, and some refuse that. */
const absent = (error: Error): void => {
  if (!/no such batch|not withdrawn/.test(error.message)) throw error;
};

type Query = (stores: Stores, batchId: string) => Promise<unknown>;

/** Scans of each partition, sequential and by index, while a query ran in a transaction that is rolled back. */
const scansOf = async (role: 'api' | 'worker', query: Query, id: string): Promise<Record<string, { seq: number; idx: number }>> => {
  const pool = pools[role];
  if (!pool) throw new Error(`no pool of ${role}`);
  const counts = async (tx: Tx) => {
    const rows = await tx.sql.rows<{ name: string; seq: bigint; idx: bigint }>('set')`
      SELECT relname AS name, seq_scan AS seq, coalesce(idx_scan, 0)::bigint AS idx FROM pg_stat_xact_all_tables WHERE schemaname = 'sluice_parts'`;
    return new Map(rows.map((row) => [row.name, { seq: Number(row.seq), idx: Number(row.idx) }]));
  };
  let scans: Record<string, { seq: number; idx: number }> = {};
  const undo = new Error('given up on purpose');
  const run = pool.transaction(async (tx) => {
    await tx.sql.rows('set')`SELECT set_config('app.tenant_id', ${world.home.tenantId}, true)`;
    const before = await counts(tx);
    await query(storesOf(tx, { tenantId: world.home.tenantId, actor: { type: 'system', process: role }, requestId: 'r', now: new Date() }), id);
    const after = await counts(tx);
    scans = Object.fromEntries(
      [...after].flatMap(([name, { seq, idx }]) => {
        const was = before.get(name) ?? { seq: 0, idx: 0 };
        return seq > was.seq || idx > was.idx ? [[name, { seq: seq - was.seq, idx: idx - was.idx }]] : [];
      }),
    );
    throw undo;
  });
  await run.catch((error: unknown) => {
    if (error !== undo) throw error;
  });
  return scans;
};

const step = (ordinal: number): ItemTransition => ({
  ...{ ordinal, version: 1, from: 'submitting', to: 'unknown', rank: 0, source: 'lease' },
  ...{ providerReference: null, reason: null, inboundId: null },
});
const moves = (...ordinals: number[]) => [{ eventId: newId(), body: transitionBlock({ source: 'lease', chunk: 0 }, ordinals.map(step)) }];
const LOOK_UP = { unknownMs: 1, submittedMs: 1 };

type Names<Store> = { [Name in keyof Store]: Query };

/** Every member of the stores whose tables are partitioned. A new member does not compile until it is here. */
const ITEMS: Names<Omit<Stores['items'], 'insert'>> = {
  list: (stores, id) => stores.items.list(id, { limit: 3, state: 'pending' }),
  range: (stores, id) => stores.items.range(id, 0, 4),
  at: (stores, id) => stores.items.at(id, [1, 3]),
  largest: (stores, id) => stores.items.largest(id, 3),
  withdraw: (stores, id) => stores.items.withdraw(id, newId(), 'all'),
  totals: (stores, id) => stores.items.totals(id),
  duplicates: (stores, id) => stores.items.duplicates(id, 3),
  otherDestinations: (stores, id) => stores.items.otherDestinations(id, 3),
};
const CHUNKS: Names<Stores['chunks']> = {
  lockToSend: (stores, id) => stores.chunks.lockToSend(id, 0).then(() => stores.chunks.items(id, 0, 1)),
  lockToSettle: (stores, id) => stores.chunks.lockToSettle(id, [0, 1]).then(() => stores.chunks.items(id, 0, 1)),
  items: (stores, id) => stores.chunks.items(id, 0, 4),
  evidenceItems: (stores, id) => stores.chunks.evidenceItems(id, [1, 3]),
  moveItems: (stores, id) => stores.chunks.moveItems(id, moves(1, 3), LOOK_UP),
  dueForLookup: (stores, id) => stores.chunks.dueForLookup(id, 3),
  nextLookupMs: (stores, id) => stores.chunks.nextLookupMs(id),
  setLookup: (stores, id) => stores.chunks.setLookup(id, [1, 3], null),
  firstToSend: (stores, id) => stores.chunks.firstToSend(id),
};
const QUERIES = {
  api: {
    ...ITEMS,
    preparers: ((stores, id) => stores.batches.preparers(id)) satisfies Query,
    blocks: ((stores, id) => stores.transitions.blocks(id, null, 10)) satisfies Query,
    transitionsOf: ((stores, id) => stores.transitions.ofBatch(id, { ordinal: 1, version: 0 }, 10)) satisfies Query,
  },
  worker: CHUNKS,
};

const cases = Object.entries(QUERIES).flatMap(([role, queries]) => Object.entries(queries).map(([name, query]) => ({ role, name, query })));

describe('one partition a statement, by its index', () => {
  test.each(cases)('$role: $name', async ({ role, query }) => {
    const [home] = await world.sql<{ part: string }>('SELECT tableoid::regclass::text AS part FROM payout_item WHERE batch_id = $1 LIMIT 1', [
      batchId,
    ]);
    const month = home?.part.replace('sluice_parts.payout_item_', '');
    expect(month).toMatch(/^\d{4}_\d\d$/);
    const scans = await scansOf(role as 'api' | 'worker', query, batchId);
    expect(
      Object.keys(scans).filter((name) => ![`payout_item_${month}`, `item_transition_${month}`, `transition_block_${month}`].includes(name)),
    ).toEqual([]);
    expect(Object.keys(scans).length).toBeGreaterThan(0);
    for (const { seq } of Object.values(scans)) expect(seq).toBe(0);
  });

  test('worker: evidence that waits for its item looks into the month of that item', async () => {
    const parked = {
      connectionId: world.home.connectionId,
      paymentKey: toItemId(batchId, 1),
      outcome: 'paid',
      rank: 1,
      amount: 2n,
      currency: 'EUR',
    } as const;
    const scans = await scansOf(
      'worker',
      async (stores) => {
        await stores.parkedEvidence.park([{ ...parked, id: newId(), providerReference: null, reason: 'unknown_item', inboundId: null }]);
        expect(await stores.parkedEvidence.due(10)).toHaveLength(1);
      },
      batchId,
    );
    const items = Object.entries(scans).filter(([name]) => name.startsWith('payout_item'));
    expect(items).toHaveLength(1);
    expect(items[0]?.[1].seq).toBe(0);
  });
});
