import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { credentialDirectory } from '../../db/credential-directory.js';
import { openDatabase } from '../../db/transaction/open.js';
import { toItemId } from '../../domain/ids.js';
import { intendChunk } from '../../operations/chunk/intend.js';
import type { PublicContext } from '../../operations/context.js';
import { drainInbound } from '../../operations/inbound/drain.js';
import { receiveInbound } from '../../operations/inbound/receive.js';
import { replayInbound } from '../../operations/inbound/replay.js';
import { type PayScene, payScene, tokens } from './pay-scene.js';

let scene: PayScene;
let database: ReturnType<typeof openDatabase>;
beforeAll(async () => {
  scene = await payScene();
  database = openDatabase(scene.database.urls.api, 2);
}, 120_000);
afterAll(async () => {
  await database.close();
  await scene.close();
});

const publicContext = (): PublicContext => ({
  requestId: 'test',
  directory: credentialDirectory(database),
  services: { ...scene.services, rails: scene.rails },
  enter: (tenantId, mode, actor) => scene.as(actor, { tenantId, mode, with: { rails: scene.rails } }),
});

const signed = (body: string, secret = scene.provider.webhookSecret, id = `evt_${randomUUID()}`) => {
  const timestamp = Math.floor(Date.now() / 1000).toString();
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
};

const deliver = (
  body: string,
  headers: Record<string, string | undefined> = signed(body),
  connectionId = scene.home.connectionId,
  rail = 'sandbox',
) => receiveInbound(publicContext(), { rail, connection_id: connectionId, raw: Buffer.from(body), headers });

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
  const batchId = await scene.executing(tokens(count));
  await intendChunk(scene.worker(), { batchId, chunk: 0 });
  return batchId;
};
const deliveries = async () => {
  await scene.enter(scene.home.tenantId);
  const [row] = await scene.sql<{ n: string }>('SELECT count(*) AS n FROM inbound_event');
  return Number(row?.n);
};

describe('a webhook at the door (R7)', () => {
  test('[S3-15] signed: stored and answered; [S4-27] the same again is a duplicate and stored once', async () => {
    const batchId = await sent(1);
    const body = event([update(batchId, 0, 'paid', 2)]);
    const headers = signed(body);
    const before = await deliveries();
    expect(await deliver(body, headers)).toMatchObject({ ok: true, value: { duplicate: false } });
    expect(await deliver(body, headers)).toMatchObject({ ok: true, value: { duplicate: true } });
    expect(await deliveries()).toBe(before + 1);
    expect(await drainInbound(scene.worker())).toBe(1);
    expect(await scene.counter(batchId)).toMatchObject({ open: 0, paid: 1 });
    expect(await drainInbound(scene.worker())).toBe(0);
  });

  test('[S3-16] another secret, a changed body, no signature, an old one: nothing is taken in', async () => {
    const body = event([]);
    const before = await deliveries();
    const old = { ...signed(body), 'webhook-timestamp': '1000000000' };
    for (const headers of [signed(body, `whsec_${Buffer.alloc(32).toString('base64')}`), signed(`${body} `), {}, old])
      expect(await deliver(body, headers)).toMatchObject({ ok: false, refusal: { code: 'signature_invalid' } });
    expect(await deliveries()).toBe(before);
  });

  test('[S3-16] material that cannot be read fails closed', async () => {
    const body = event([]);
    await scene.enter(scene.home.tenantId);
    const [row] = await scene.sql<{ sealed: Buffer }>('SELECT sealed FROM rail_connection WHERE id = $1', [scene.home.connectionId]);
    await scene.sql(`UPDATE rail_connection SET sealed = '\\x00' WHERE id = $1`, [scene.home.connectionId]);
    expect(await deliver(body)).toMatchObject({ ok: false, refusal: { code: 'verification_unavailable' } });
    await scene.sql('UPDATE rail_connection SET sealed = $2 WHERE id = $1', [scene.home.connectionId, row?.sealed]);
  });

  test('an unknown connection and a wrong rail get the same answer', async () => {
    const body = event([]);
    const unknown = await deliver(body, signed(body), randomUUID());
    expect(unknown).toMatchObject({ ok: false, refusal: { code: 'not_found' } });
    expect(await deliver(body, signed(body), scene.home.connectionId, 'other')).toEqual(unknown);
  });

  test('the body is stored sealed', async () => {
    const batchId = await sent(1);
    await deliver(event([update(batchId, 0, 'paid', 2)]));
    await scene.enter(scene.home.tenantId);
    const rows = await scene.sql<{ sealed_body: Buffer }>('SELECT sealed_body FROM inbound_event');
    for (const row of rows) expect(row.sealed_body.toString('latin1')).not.toContain('item_');
    await drainInbound(scene.worker());
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
        while ((await drainInbound(scene.worker())) > 0);
      }),
    );
    expect(await scene.counter(batchId)).toMatchObject({ open: 0, returned: 6 });
  });

  test('[S4-27] a replay reduces again and changes nothing', async () => {
    const batchId = await sent(2);
    await deliver(event([update(batchId, 0, 'paid', 2), update(batchId, 1, 'failed', 2)]));
    await drainInbound(scene.worker());
    const before = await scene.view(batchId);
    const admin = await scene.person('admin');
    expect(await replayInbound(scene.asPerson(admin), { connection_id: scene.home.connectionId })).toBeGreaterThan(0);
    while ((await drainInbound(scene.worker())) > 0);
    expect((await scene.view(batchId))?.counter).toEqual(before?.counter);
  });

  test('a signed delivery that is not of the provider’s form is kept for people and holds up nothing', async () => {
    const batchId = await sent(1);
    await deliver('{"nonsense":true}');
    await deliver(event([update(batchId, 0, 'paid', 2)]));
    expect(await drainInbound(scene.worker())).toBe(2);
    expect(await scene.counter(batchId)).toMatchObject({ paid: 1 });
    await scene.enter(scene.home.tenantId);
    const [row] = await scene.sql<{ n: string }>('SELECT count(*) AS n FROM inbound_event WHERE reduced_at IS NULL AND problem IS NOT NULL');
    expect(row?.n).toBe('1');
  });
});
