import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ItemPosition, type PaymentOutcome, reduceEvidence } from '../../../domain/item/evidence.js';
import type { OpenConnection } from '../../../operations/rail.js';
import { releaseBy } from './kit.js';
import type { InboundDelivery, RailUnderTest } from './rail-under-test.js';

const FIVE_MINUTES_MS = 5 * 60 * 1000;

/** What every rail with webhooks must hold for what comes in. `settings` make it settle asynchronously. */
export const provesEvidence = (ready: () => RailUnderTest, settings: Record<string, string | number>): void => {
  const connect = () => ready().connection(settings);
  const anyDelivery = async (): Promise<InboundDelivery> => {
    await releaseBy(ready(), connect(), [ready().payment('paid')]);
    const [delivery] = await ready().settle();
    if (!delivery) throw new Error('the provider delivered nothing');
    return delivery;
  };
  const verify = (delivery: InboundDelivery, connection = connect(), now = new Date()) =>
    ready().rail.verifyInbound(connection, delivery.raw, delivery.headers, now);

  test('accepted payments settle, fail and return by webhooks that come twice and in any order', async () => {
    const fates = ['paid', 'failed_later', 'returned_later', 'paid'] as const;
    const payments = fates.map((fate) => ready().payment(fate));
    const answers = await releaseBy(ready(), connect(), payments);
    expect(answers.map(({ outcome }) => outcome)).toEqual(fates.map(() => 'submitted'));
    const deliveries = await ready().settle();
    const evidence = deliveries.flatMap((delivery) => {
      expect(verify(delivery)).toEqual({ eventId: expect.any(String) });
      return ready().rail.parseEvidence(delivery.raw);
    });
    const lookups = await ready().rail.lookup(
      connect(),
      payments.map(({ key }) => key),
      new Map(),
    );
    for (const [i, payment] of payments.entries()) {
      const mine = [...answers, ...evidence].filter(({ key }) => key === payment.key);
      for (const { amount, currency } of mine) expect({ amount, currency }).toEqual({ amount: payment.amount, currency: payment.currency });
      const answer = lookups[i]?.answer;
      const expected = { paid: 'paid', failed_later: 'failed', returned_later: 'returned' }[fates[i] as 'paid'];
      expect(answer).toMatchObject({ kind: 'found', outcome: { outcome: expected } });
      fc.assert(
        fc.property(fc.shuffledSubarray(mine, { minLength: mine.length }), (order) => expect(reduce(order).state).toBe(expected)),
        { numRuns: 50 },
      );
    }
  });

  test('the same delivery has the same event id, another has another', async () => {
    const [first, second] = [await anyDelivery(), await anyDelivery()];
    expect(verify(first)).toEqual(verify({ ...first }));
    expect(verify(first)).not.toEqual(verify(second));
  });

  test('a genuine delivery is taken, and a change of any part of it is refused [S3-15]', async () => {
    const genuine = await anyDelivery();
    expect(verify(genuine)).toEqual({ eventId: expect.any(String) });
    const other = await anyDelivery();
    for (const name of Object.keys(genuine.headers).filter((header) => header.startsWith('webhook-'))) {
      for (const value of [undefined, '', 'x', `${genuine.headers[name]}0`, `1${genuine.headers[name]}`]) {
        expect([name, value, verify({ ...genuine, headers: { ...genuine.headers, [name]: value } })]).toEqual([
          name,
          value,
          { problem: expect.any(String) },
        ]);
      }
    }
    fc.assert(
      fc.property(fc.nat(genuine.raw.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const raw = Uint8Array.from(genuine.raw);
        raw[at] = (raw[at] as number) ^ change;
        expect(verify({ ...genuine, raw })).toEqual({ problem: expect.any(String) });
      }),
    );
    expect(verify({ ...genuine, raw: other.raw })).toEqual({ problem: expect.any(String) });
    expect(verify({ ...genuine, raw: new Uint8Array() })).toEqual({ problem: expect.any(String) });
  });

  test.each([
    [-301, 'refused'],
    [-299, 'taken'],
    [299, 'taken'],
    [301, 'refused'],
  ])('with a clock %i s off a delivery is %s [S3-15]', async (seconds, verdict) => {
    const delivery = await anyDelivery();
    const sent = Number(delivery.headers['webhook-timestamp']) * 1000;
    expect(Math.abs(seconds * 1000) > FIVE_MINUTES_MS).toBe(verdict === 'refused');
    expect('eventId' in verify(delivery, connect(), new Date(sent + seconds * 1000))).toBe(verdict === 'taken');
  });

  test('without a usable secret nothing is taken, however it is signed [S3-16]', async () => {
    const delivery = await anyDelivery();
    const whole = connect().credentials.webhookSecret;
    for (const webhookSecret of ['', 'whsec_', 'whsec_c2hvcnQ=', 'not base64!', `${whole.slice(0, 20)}`, `${whole}!`, ` ${whole}`]) {
      const connection: OpenConnection = { ...connect(), credentials: { ...connect().credentials, webhookSecret } };
      expect(verify(delivery, connection)).toEqual({ problem: expect.any(String) });
    }
  });

  test('what is not of the provider’s form is thrown out, not guessed at', async () => {
    const whole = JSON.parse(Buffer.from((await anyDelivery()).raw).toString()) as { data: Record<string, unknown>[] };
    const broken = (change: Record<string, unknown>) => Buffer.from(JSON.stringify({ ...whole, data: [{ ...whole.data[0], ...change }] }));
    const bodies = [
      Buffer.from(''),
      Buffer.from('{'),
      Buffer.from('null'),
      Buffer.from([0x22, 0xff, 0x22]),
      Buffer.from(JSON.stringify({ ...whole, type: 'x' })),
    ];
    for (const change of [
      { status: 'done' },
      { amount: 1.5 },
      { amount: -1 },
      { amount: '1' },
      { version: 0 },
      { currency: 'euro' },
      { idempotency_key: 7 },
    ]) {
      bodies.push(broken(change));
    }
    expect(() => ready().rail.parseEvidence(broken({}))).not.toThrow();
    for (const body of bodies) expect(() => ready().rail.parseEvidence(body)).toThrow();
  });
};

const reduce = (evidence: readonly PaymentOutcome[]): ItemPosition =>
  evidence.reduce<ItemPosition>(
    (item, { outcome, rank }) => {
      const reduction = reduceEvidence(item, { outcome, rank });
      return reduction.kind === 'moved' ? { state: reduction.to, rank: reduction.rank } : item;
    },
    { state: 'submitting', rank: 0 },
  );
