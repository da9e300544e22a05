import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toItemId } from '../../domain/ids.js';
import { intendChunk } from '../../operations/chunk/intend.js';
import { drainInbound } from '../../operations/inbound/drain.js';
import { receiveInbound } from '../../operations/inbound/receive.js';
import { replayDeliveries } from '../../operations/inbound/replay.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';
import { must } from '../world/wire.js';

let world: PayingWorld;
beforeAll(async () => {
  world = await openPayingWorld();
}, 120_000);
afterAll(() => world?.close());

const signed = (body: string, secret = world.provider.webhookSecret, id = `evt_${randomUUID()}`) => {
  const timestamp = Math.floor(Date.now() / 1000).toString();
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
};

const deliver = (
  body: string,
  headers: Record<string, string | undefined> = signed(body),
  connectionId = world.home.connectionId,
  rail = 'sandbox',
) => receiveInbound(world.publicContext(), { rail, connection_id: connectionId, raw: Buffer.from(body), headers });

const update = (batchId: string, ordinal: number, status: string, version: number) => ({
  object: 'payment',
  id: `pay_${ordinal}`,
  idempotency_key: toItemId(batchId, ordinal),
  status,
  version,
  amount: 100 + (ordinal % 7),
  currency: 'EUR',
  reason: null,
});
const event = (data: unknown[]) =>
  JSON.stringify({ id: `evt_${randomUUID()}`, type: 'payments.updated', created_at: new Date().toISOString(), data });

const sent = async (count: number): Promise<string> => {
  const batchId = await world.executing(tokens(count));
  await intendChunk(world.worker(), { batchId, chunk: 0 });
  return batchId;
};
const deliveries = async () => {
  const [row] = await world.sql<{ n: string }>('SELECT count(*) AS n FROM inbound_event');
  return Number(row?.n);
};

describe('a webhook of a connection that did not answer', () => {
  test('shows that the provider is up: a chunk may try after the pause, though nothing was left to look up', async () => {
    const batchId = await sent(8);
    const health = () => world.worker().inTenant((stores) => stores.connectionHealth.of(world.home.connectionId, batchId));
    const silent = () => world.worker().inTenant((stores) => stores.connectionHealth.unanswered(world.home.connectionId, 8));
    const pauseOver = () => world.sql(`UPDATE connection_health SET retry_at = now() - interval '1 second'`);
    const settle = () => deliver(event(Array.from({ length: 8 }, (_, n) => update(batchId, n, 'paid', 2))));
    // Received before the silence, it says nothing about it.
    must(await settle());
    await silent();
    await drainInbound(world.worker());
    await pauseOver();
    expect(await health()).toMatchObject({ kind: 'unavailable' });
    must(await settle());
    await drainInbound(world.worker());
    expect(await health()).toMatchObject({ kind: 'try' });
    await silent();
    expect(await health()).toMatchObject({ kind: 'unavailable' });
    await world.sql('DELETE FROM connection_health');
  });
});

describe('a webhook that arrives (R7)', () => {
  test('a signed one is stored and answered; the same again is a duplicate and stored once [S3-15] [S4-27]', async () => {
    const batchId = await sent(1);
    const body = event([update(batchId, 0, 'paid', 2)]);
    const headers = signed(body);
    const before = await deliveries();
    expect(await deliver(body, headers)).toMatchObject({ ok: true, value: { duplicate: false } });
    expect(await deliver(body, headers)).toMatchObject({ ok: true, value: { duplicate: true } });
    expect(await deliveries()).toBe(before + 1);
    expect(await drainInbound(world.worker())).toBe(1);
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: 1 });
    expect(await drainInbound(world.worker())).toBe(0);
  });

  test('one with another secret, a changed body, no signature or an old one is not stored [S3-16]', async () => {
    const body = event([]);
    const before = await deliveries();
    const old = { ...signed(body), 'webhook-timestamp': '1000000000' };
    for (const headers of [signed(body, `whsec_${Buffer.alloc(32).toString('base64')}`), signed(`${body} `), {}, old])
      expect(await deliver(body, headers)).toMatchObject({ ok: false, refusal: { code: 'signature_invalid' } });
    expect(await deliveries()).toBe(before);
  });

  test('material that cannot be read fails closed [S3-16]', async () => {
    const body = event([]);
    const [row] = await world.sql<{ sealed: Buffer }>('SELECT sealed FROM rail_connection WHERE id = $1', [world.home.connectionId]);
    await world.sql(`UPDATE rail_connection SET sealed = '\\x00' WHERE id = $1`, [world.home.connectionId]);
    expect(await deliver(body)).toMatchObject({ ok: false, refusal: { code: 'verification_unavailable' } });
    await world.sql('UPDATE rail_connection SET sealed = $2 WHERE id = $1', [world.home.connectionId, row?.sealed]);
  });

  test('an unknown connection and a wrong rail get the same answer', async () => {
    const body = event([]);
    const unknown = await deliver(body, signed(body), randomUUID());
    expect(unknown).toMatchObject({ ok: false, refusal: { code: 'not_found' } });
    expect(await deliver(body, signed(body), world.home.connectionId, 'other')).toEqual(unknown);
  });

  test('the body is stored sealed', async () => {
    const batchId = await sent(1);
    await deliver(event([update(batchId, 0, 'paid', 2)]));
    const rows = await world.sql<{ sealed_body: Buffer }>('SELECT sealed_body FROM inbound_event');
    for (const row of rows) expect(row.sealed_body.toString('latin1')).not.toContain('item_');
    await drainInbound(world.worker());
  });
});

describe('the drain', () => {
  test('shuffled deliveries of one batch, drained by four at once, end as the provider has it', async () => {
    const batchId = await sent(6);
    const events = [0, 1, 2, 3, 4, 5].flatMap((ordinal) => [
      update(batchId, ordinal, 'returned', 3),
      update(batchId, ordinal, 'accepted', 1),
      update(batchId, ordinal, 'paid', 2),
    ]);
    for (const one of [...events].reverse()) await deliver(event([one]));
    await Promise.all(
      [1, 2, 3, 4].map(async () => {
        while ((await drainInbound(world.worker())) > 0);
      }),
    );
    expect(await world.counter(batchId)).toMatchObject({ open: 0, returned: 6 });
  });

  test('a replay reduces again and changes nothing [S4-27]', async () => {
    const batchId = await sent(2);
    await deliver(event([update(batchId, 0, 'paid', 2), update(batchId, 1, 'failed', 2)]));
    await drainInbound(world.worker());
    const before = await world.view(batchId);
    const admin = await world.person('admin');
    expect(must(await replayDeliveries(world.as(admin), { connection_id: world.home.connectionId })).count).toBeGreaterThan(0);
    while ((await drainInbound(world.worker())) > 0);
    expect((await world.view(batchId))?.counter).toEqual(before?.counter);
  });

  test('a signed delivery that is not of the provider’s form is kept for people and holds up nothing', async () => {
    const batchId = await sent(1);
    await deliver('{"nonsense":true}');
    await deliver(event([update(batchId, 0, 'paid', 2)]));
    expect(await drainInbound(world.worker())).toBe(2);
    expect(await world.counter(batchId)).toMatchObject({ paid: 1 });
    const [row] = await world.sql<{ n: string }>('SELECT count(*) AS n FROM inbound_event WHERE reduced_at IS NULL AND problem IS NOT NULL');
    expect(row?.n).toBe('1');
  });
});
