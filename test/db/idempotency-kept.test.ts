import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RouteShape } from '../../contracts/route-shape.js';
import { ROUTES } from '../../contracts/routes.js';
import { openRelayStore } from '../../db/relay.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';

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

describe('how long a key is kept', () => {
  const shapes = Object.entries(ROUTES as Record<string, RouteShape>).filter(([, shape]) => shape.idempotency);
  /** A key that was claimed this long ago, and answered. */
  const keep = async (route: string, ago: string, key = systemEntropy.newId()): Promise<string> => {
    await world.sql(
      `INSERT INTO idempotency_key (tenant_id, principal, route, key, input_hash, status, lease_until, created_at)
       VALUES ($1, 'user:1', $2, $3, '\\x00', 201, now() - $4::interval, now() - interval '10 years')`,
      [world.home.tenantId, route, key, ago],
    );
    return key;
  };
  const kept = async (keys: string[]): Promise<string[]> =>
    (await world.sql<{ key: string }>('SELECT key FROM idempotency_key WHERE key = ANY ($1)', [keys])).map(({ key }) => key).sort();

  test('a key of money or of a gate is kept for ever; any other is forgotten 30 days after its last claim [S1-24]', async () => {
    const old = await Promise.all(shapes.map(([route]) => keep(route, '10 years', `old ${route}`)));
    const young = await Promise.all(shapes.map(([route]) => keep(route, '29 days', `young ${route}`)));
    await relay.pruneKeys(10_000);
    const ofMoney = shapes.filter(([, shape]) => shape.idempotency === 'required').map(([route]) => `old ${route}`);
    expect(await kept([...old, ...young])).toEqual([...ofMoney, ...young].sort());
    expect(ofMoney).toContain('old top_up');
  });

  test('a pass forgets no more than its limit, and says how many', async () => {
    for (let i = 0; i < 5; i++) await keep('create_payee', '31 days', `many ${i}`);
    expect([await relay.pruneKeys(2), await relay.pruneKeys(10), await relay.pruneKeys(10)]).toEqual([2, 3, 0]);
  });

  test('the relay forgets keys through this function alone, and no other role may call it', async () => {
    const rights = await world.sql<{ role: string }>(
      `SELECT r AS role FROM unnest(ARRAY['sluice_api', 'sluice_worker', 'sluice_relay', 'sluice_sequencer']) r
       WHERE has_function_privilege(r, 'sluice_prune_idempotency_keys(int)', 'EXECUTE')`,
    );
    expect(rights).toEqual([{ role: 'sluice_relay' }]);
    const tables = await world.sql(`SELECT 1 WHERE has_table_privilege('sluice_relay', 'idempotency_key', 'SELECT, DELETE, UPDATE')`);
    expect(tables).toEqual([]);
  });
});
