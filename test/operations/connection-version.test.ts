import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { toItemId } from '../../domain/ids.js';
import { lookUpDue } from '../../operations/chunk/look-up-due.js';
import { payChunk } from '../../operations/chunk/pay.js';
import type { Context } from '../../operations/context.js';
import { drainInbound } from '../../operations/inbound/drain.js';
import { receiveInbound } from '../../operations/inbound/receive.js';
import { cancelPayoutBatch } from '../../operations/payout-batch/cancel.js';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import { type RunningProvider, startProvider } from '../sandbox-provider/start-provider.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';
import { made } from '../world/wire.js';

jest.setTimeout(120_000);

let world: PayingWorld;
/** Another account of the same provider: the same credentials, and books of its own. */
let elsewhere: RunningProvider;
beforeAll(async () => {
  world = await openPayingWorld();
  elsewhere = await startProvider({ PROVIDER_API_KEY: world.provider.apiKey });
});
beforeEach(() => world.connect({}));
afterAll(async () => {
  await elsewhere?.stop();
  await world?.close();
});

const quiet = () => {};
const pointElsewhere = () => world.connect({ base_url: elsewhere.url });
const taken = async () => (await elsewhere.payments()).length;
const shown = async (batchId: string) => made(await showPayoutBatch(world.as(world.preparer), { batch_id: batchId }));

/** A batch whose worker died where it says, long enough ago for its lease to have ended. */
const died = async (place: 'after_intent' | 'after_send', terms: Record<string, unknown> = {}): Promise<string> => {
  const batchId = await world.executing(tokens(3), terms);
  const failpoint = async (passed: string) => {
    if (passed === place) throw new Error('died');
  };
  await expect(payChunk(world.worker({ failpoint }), { batchId, chunk: 0 }, quiet)).rejects.toThrow('died');
  await world.sql('ALTER TABLE dispatch DISABLE TRIGGER dispatch_append_only');
  await world.sql(
    `UPDATE dispatch SET sent_from = sent_from - interval '1 hour', lease_until = lease_until - interval '1 hour' WHERE batch_id = $1`,
    [batchId],
  );
  await world.sql('ALTER TABLE dispatch ENABLE TRIGGER dispatch_append_only');
  return batchId;
};
const resolve = async (batchId: string): Promise<void> => {
  for (let i = 0; i < 2; i++) {
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
    await world.sql('UPDATE payout_item SET look_up_at = now() WHERE batch_id = $1 AND look_up_at IS NOT NULL', [batchId]);
    await lookUpDue(world.worker(), batchId, quiet);
  }
};

describe('a connection whose settings were changed (R4, R10)', () => {
  test('what was sent before is asked for where it was sent, and paid once', async () => {
    const batchId = await died('after_send');
    await pointElsewhere();
    await resolve(batchId);
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: 3 });
    expect(await taken()).toBe(0);
    expect(await world.broken()).toEqual([]);
  });

  test('what is sent again goes where the first was sent', async () => {
    const batchId = await died('after_intent');
    await pointElsewhere();
    await resolve(batchId);
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: 3 });
    expect(await taken()).toBe(0);
    const sent = await world.worker().inTenant((stores) => stores.dispatches.ofChunks(batchId, [0]));
    const { connection_version: version } = await shown(batchId);
    expect(sent.map((dispatch) => [dispatch.purpose, dispatch.connectionVersion])).toEqual([
      ['first', version],
      ['resend', version],
    ]);
  });

  test('what may not be sent again is fenced where it was sent', async () => {
    const batchId = await died('after_intent');
    const { requests } = await world.provider.books();
    await pointElsewhere();
    expect(await cancelPayoutBatch(world.as(await world.person('admin')), { batch_id: batchId })).toMatchObject({ ok: true });
    await resolve(batchId);
    expect(await world.counter(batchId)).toMatchObject({ open: 0, failed: 3 });
    const key = toItemId(batchId, 0);
    expect((await world.provider.call('POST', '/v1/payments/fence', { keys: [key] })).body.fenced).toEqual([key]);
    expect((await world.provider.books()).requests).toEqual(requests);
    expect(await world.broken()).toEqual([]);
  });

  test('a batch pays through the version that was signed, and says that there is a newer one; a new batch pays through that', async () => {
    const before = await world.executing(tokens(2));
    await pointElsewhere();
    const after = await world.executing(tokens(2));
    expect((await shown(before)).attention).toContain('connection_changed');
    expect((await shown(after)).attention).toEqual([]);
    for (const batchId of [before, after]) await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
    expect((await elsewhere.payments()).map((payment) => payment.idempotency_key)).toEqual([toItemId(after, 0), toItemId(after, 1)]);
    expect((await world.provider.payments()).filter(({ idempotency_key: key }) => key === toItemId(before, 1))).toHaveLength(1);
    expect((await shown(before)).connection_settings_sha256).not.toBe((await shown(after)).connection_settings_sha256);
  });

  test.each([
    ['before it was sent', () => world.executing(tokens(3))],
    ['before it is asked for', () => died('after_send')],
  ])('settings that the owner of the database rewrote %s stop the batch: nothing is sent, asked or fenced there', async (_when, make) => {
    const batchId = await make();
    const before = await taken();
    const { connection_version: version } = await shown(batchId);
    await world.sql('ALTER TABLE rail_connection_version DISABLE TRIGGER rail_connection_version_append_only');
    await world.sql(`UPDATE rail_connection_version SET settings = settings || jsonb_build_object('base_url', $1::text) WHERE version = $2`, [
      elsewhere.url,
      version,
    ]);
    await world.sql('ALTER TABLE rail_connection_version ENABLE TRIGGER rail_connection_version_append_only');
    await resolve(batchId);
    expect(await taken()).toBe(before);
    expect((await shown(batchId)).attention).toEqual(expect.arrayContaining(['integrity_failed', 'exceptions']));
    expect(await world.counter(batchId)).toMatchObject({ open: 3, failed: 0 });
  });

  test('a version is written once and never changed, and no process writes one', async () => {
    await expect(world.sql(`UPDATE rail_connection_version SET settings = '{}'`)).rejects.toThrow('append-only');
    await expect(world.sql('DELETE FROM rail_connection_version')).rejects.toThrow('append-only');
    const [rights] = await world.sql(
      `SELECT bool_or(has_table_privilege(rolname, 'rail_connection_version', 'INSERT, UPDATE, DELETE')) AS may
       FROM pg_roles WHERE rolname IN ('sluice_api', 'sluice_worker', 'sluice_relay', 'sluice_sequencer')`,
    );
    expect(rights).toEqual({ may: false });
  });
});

describe('a disabled connection', () => {
  const disable = (disabled: boolean) =>
    world.sql('UPDATE rail_connection SET disabled_at = CASE WHEN $1 THEN now() END WHERE id = $2', [disabled, world.home.connectionId]);
  const deliver = (batchId: string, status: string, version: number) => {
    const payment = {
      object: 'payment',
      id: 'pay_1',
      idempotency_key: toItemId(batchId, 0),
      status,
      version,
      amount: 100,
      currency: 'EUR',
      reason: null,
    };
    const body = JSON.stringify({ id: `evt_${randomUUID()}`, type: 'payments.updated', created_at: new Date().toISOString(), data: [payment] });
    const [id, timestamp] = [`evt_${randomUUID()}`, Math.floor(Date.now() / 1000).toString()];
    const key = Buffer.from(world.provider.webhookSecret.replace(/^whsec_/, ''), 'base64');
    const headers = {
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
    };
    return receiveInbound(world.publicContext(), { rail: 'sandbox', connection_id: world.home.connectionId, raw: Buffer.from(body), headers });
  };

  test('sends nothing new, and says so; what was sent is looked up and settles', async () => {
    const [waiting, sent] = [await world.executing(tokens(2)), await died('after_send')];
    const before = await world.provider.books();
    await disable(true);
    try {
      expect(await payChunk(world.worker(), { batchId: waiting, chunk: 0 }, quiet)).toEqual({ kind: 'halted', halt: 'connection_disabled' });
      expect((await shown(waiting)).attention).toEqual(['connection_disabled']);
      await resolve(sent);
      expect(await world.counter(sent)).toMatchObject({ open: 0, paid: 3 });
      expect((await world.provider.books()).requests).toEqual(before.requests);
    } finally {
      await disable(false);
    }
    expect(await payChunk(world.worker(), { batchId: waiting, chunk: 0 }, quiet)).toEqual({ kind: 'paid', sent: 2 });
  });

  test('sends nothing again', async () => {
    const batchId = await died('after_intent');
    await disable(true);
    await resolve(batchId);
    await disable(false);
    expect(await world.counter(batchId)).toMatchObject({ open: 3, failed: 0 });
    expect((await world.provider.payments()).filter(({ idempotency_key: key }) => key === toItemId(batchId, 0))).toEqual([]);
  });

  test('takes webhooks in: a payment of before is returned', async () => {
    const batchId = await world.executing(tokens(1));
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
    await disable(true);
    expect(await deliver(batchId, 'returned', 9)).toMatchObject({ ok: true, value: { duplicate: false } });
    await drainInbound(world.worker());
    await disable(false);
    expect(await world.counter(batchId)).toMatchObject({ open: 0, returned: 1 });
  });

  test('keeps no money: what it may not send is blocked when its time has passed', async () => {
    const before = await world.balance(world.home.funding);
    const batchId = await world.executing(tokens(2), { execute_by: new Date(Date.now() + 3_600_000).toISOString() });
    const ctx = world.worker();
    const later: Context = {
      ...ctx,
      inTenant: (work) => ctx.inTenant((stores) => work({ ...stores, now: new Date(stores.now.getTime() + 7_200_000) })),
    };
    await disable(true);
    await payChunk(later, { batchId, chunk: 0 }, quiet);
    await disable(false);
    expect(await world.counter(batchId)).toMatchObject({ open: 0, blocked: 2 });
    expect(await world.balance(world.home.funding)).toBe(before);
  });

  test('is refused for a new batch', async () => {
    await disable(true);
    await expect(world.queued(tokens(1), { connection: `conn_${world.home.connectionId.replaceAll('-', '')}` })).rejects.toThrow(
      'connection_disabled',
    );
    await disable(false);
  });
});
