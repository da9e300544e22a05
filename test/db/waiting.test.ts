import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { storesOf } from '../../db/stores.js';
import { type Database, openDatabase, type Tx } from '../../db/transaction/open.js';
import type { Stores } from '../../operations/ports.js';
import { openWorld, type World } from '../world/open.js';

jest.setTimeout(120_000);

/** Waiting rows are found by an index of the waiting rows alone, however many others there are (R22). */

let world: World;
let pool: Database;
beforeAll(async () => {
  world = await openWorld();
  pool = openDatabase(world.database.urls.worker, 1);
});
afterAll(async () => {
  await pool?.close();
  await world?.close();
});

/** Scans of an index while a query ran, as Postgres counts them. */
const scansOf = (index: string, query: (stores: Stores, tx: Tx) => Promise<unknown>): Promise<number> =>
  pool.transaction(async (tx) => {
    const { tenantId } = world.home;
    await tx.sql.rows('set')`SELECT set_config('app.tenant_id', ${tenantId}, true)`;
    const count = async () => {
      const [row] = await tx.sql.rows<{ scans: bigint }>('set')`SELECT pg_stat_get_xact_numscans(${index}::regclass) AS scans`;
      return Number(row?.scans);
    };
    const before = await count();
    await query(storesOf(tx, { tenantId, actor: { type: 'system', process: 'worker' }, requestId: 'r', now: new Date() }), tx);
    return (await count()) - before;
  });

test.each<[string, string, (stores: Stores, tx: Tx) => Promise<unknown>]>([
  ['parked evidence', 'parked_evidence_waiting', (stores) => stores.parkedEvidence.due(10)],
  ['deliveries of a workspace', 'inbound_event_waiting', (stores) => stores.inboundEvents.claimDue(10, 1_000)],
  ['workspaces with deliveries', 'inbound_event_waiting', (_, tx) => tx.sql.rows('set')`SELECT * FROM sluice_tenants_to_drain()`],
])('%s', async (_what, index, query) => {
  expect(await scansOf(index, query)).toBeGreaterThan(0);
});
