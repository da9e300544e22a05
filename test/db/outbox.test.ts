import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';

jest.setTimeout(120_000);

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const { newId } = systemEntropy;
const api = () => world.api();

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
  expect(await world.sql('SELECT batch_id, message, body FROM outbox')).toEqual([
    { batch_id: kept, message: 'gate_opened', body: { gateId, requestId: asking.requestId } },
  ]);
});

test('a commit wakes the listener, and the relay claims each message once', async () => {
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

test('a message of one workspace is not there for another [S1-02]', async () => {
  await api().inTenant(({ outbox }) => outbox.add({ batchId: newId(), message: 'batch_changed' }));
  const { tenantId } = await world.workspace();
  expect(await world.sql('SELECT 1 FROM outbox', [], tenantId)).toEqual([]);
});
