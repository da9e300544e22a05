import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openRelayStore } from '../../db/relay.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';

const DAY_MS = 86_400_000;

let world: World;
let relay: ReturnType<typeof openRelayStore>;
beforeAll(async () => {
  world = await openWorld();
  relay = openRelayStore(world.database.urls.relay);
});
afterAll(async () => {
  await relay?.close();
  await world?.close();
});

/** A payment of a batch that was made this many days ago. */
const seen = async (tenantId: string, days: number, ordinal = 0): Promise<string> => {
  const made = (Date.now() - days * DAY_MS).toString(16).padStart(12, '0');
  const batchId = `${made.slice(0, 8)}-${made.slice(8)}-7000-8000-${systemEntropy.newId().slice(-12)}`;
  await world.sqlIn(tenantId, `INSERT INTO payment_seen (tenant_id, batch_id, ordinal, payee_id, key) VALUES ($1, $2, $3, $2, 1)`, [
    tenantId,
    batchId,
    ordinal,
  ]);
  return batchId;
};
const kept = async (tenantId = world.home.tenantId): Promise<string[]> =>
  (await world.sqlIn<{ batch_id: string }>(tenantId, 'SELECT batch_id FROM payment_seen ORDER BY batch_id', [])).map(({ batch_id }) => batch_id);

describe('how long a payment that was seen is kept', () => {
  test('longer than payments are looked for, and then it is forgotten in every workspace, a bounded number at once', async () => {
    const tenants = [world.home.tenantId, (await world.workspace()).tenantId];
    const young: string[] = [];
    for (const tenant of tenants) {
      for (const days of [91, 89, 0]) young.push(await seen(tenant, days));
      for (const days of [98, 99, 400]) await seen(tenant, days);
    }
    expect([await relay.forgetPayments(2), await relay.forgetPayments(10), await relay.forgetPayments(10)]).toEqual([2, 4, 0]);
    expect((await Promise.all(tenants.map(kept))).flat()).toEqual(young);
  });

  test('nobody changes one, or takes one away before its time', async () => {
    const [before, batchId] = [await kept(), await seen(world.home.tenantId, 91)];
    for (const change of [`UPDATE payment_seen SET key = 2`, 'DELETE FROM payment_seen', 'TRUNCATE payment_seen'])
      await expect(world.sql(change)).rejects.toThrow(/kept for 97 days/);
    expect(await kept()).toEqual([...before, batchId].sort());
  });

  test('the relay forgets them through this function alone, and no other role may call it', async () => {
    const rights = await world.sql(
      `SELECT r AS role, has_function_privilege(r, 'sluice_forget_payments(int)', 'EXECUTE') AS calls, has_table_privilege(r, 'payment_seen', 'DELETE') AS deletes
       FROM unnest(ARRAY['sluice_api', 'sluice_worker', 'sluice_relay', 'sluice_sequencer']) r`,
    );
    expect(rights.filter(({ calls, deletes }) => calls || deletes)).toEqual([{ role: 'sluice_relay', calls: true, deletes: false }]);
  });
});

test('a payee keeps the reference by which payments are found', async () => {
  const [rights] = await world.sql(
    `SELECT bool_or(has_column_privilege(r, 'payee', 'reference', 'UPDATE')) AS any
     FROM unnest(ARRAY['sluice_api', 'sluice_worker', 'sluice_relay', 'sluice_sequencer', 'sluice_fn_items']) AS r`,
  );
  expect(rights).toEqual({ any: false });
});
