import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { systemEntropy } from '../../vault/entropy.js';
import { type GateWorld, gateWorld } from '../operations/gate-world.js';

jest.setTimeout(120_000);

let world: GateWorld;
beforeAll(async () => {
  world = await gateWorld();
});
afterAll(() => world?.close());

const { newId } = systemEntropy;
const api = () => world.as({ type: 'system', process: 'api' });

test('a message commits with its change, or not at all', async () => {
  const [kept, lost, gateId] = [newId(), newId(), newId()];
  const asking = api();
  await asking.inTenant(({ outbox }) => outbox.add({ batchId: kept, message: 'gate_opened', gateId }));
  await expect(
    api().inTenant(async ({ outbox }) => {
      await outbox.add({ batchId: lost, message: 'batch_changed' });
      throw new Error('rolled back');
    }),
  ).rejects.toThrow('rolled back');
  await world.enter(world.home.tenantId);
  expect(await world.sql('SELECT batch_id, message, body FROM outbox')).toEqual([
    { batch_id: kept, message: 'gate_opened', body: { gateId, requestId: asking.requestId } },
  ]);
});

test('a commit wakes who listens, and the relay claims each message once', async () => {
  const [relay, listener] = [
    new pg.Client({ connectionString: world.database.urls.relay }),
    new pg.Client({ connectionString: world.database.urls.relay }),
  ];
  await Promise.all([relay.connect(), listener.connect()]);
  try {
    await listener.query('LISTEN sluice_outbox');
    const woken = new Promise<string>((resolve) => listener.once('notification', ({ channel }) => resolve(channel)));
    const batchId = newId();
    await api().inTenant(({ outbox }) => outbox.add({ batchId, message: 'batch_changed' }));
    expect(await woken).toBe('sluice_outbox');
    const claim = (client: pg.Client) => client.query<{ batch_id: string }>(`SELECT batch_id FROM sluice_claim_outbox(100, interval '1 minute')`);
    const claims = await Promise.all([claim(relay), claim(listener)]);
    expect(claims.flatMap(({ rows }) => rows).filter((row) => row.batch_id === batchId)).toHaveLength(1);
  } finally {
    await Promise.all([relay.end(), listener.end()]);
  }
});

test('[S1-02] a message of one workspace is not there for another', async () => {
  await api().inTenant(({ outbox }) => outbox.add({ batchId: newId(), message: 'batch_changed' }));
  await world.enter((await world.workspace('test', 1n)).tenantId);
  expect(await world.sql('SELECT 1 FROM outbox')).toEqual([]);
});
