import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type EvidenceOutcome, unknownOutcome } from '../../domain/item/evidence.js';
import { lookUpDue } from '../../operations/chunk/look-up-due.js';
import { payChunk } from '../../operations/chunk/pay.js';
import { cancelPayoutBatch } from '../../operations/payout-batch/cancel.js';
import { pausePayoutBatch } from '../../operations/payout-batch/pause.js';
import type { Services } from '../../operations/ports.js';
import type { PaymentLookup, Rail } from '../../operations/rail.js';
import { settleEvidence } from '../../operations/settlement/settle.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';

jest.setTimeout(120_000);

let world: PayingWorld;
beforeAll(async () => {
  world = await openPayingWorld();
});
afterAll(() => world?.close());

const quiet = () => {};

/** The sandbox rail for a provider that never saw these payments; `fence` is what it answers when it is told never to accept them. */
const silent = (fence: Rail['fence'] | null): Services['rails'] => {
  const { fence: _own, ...real } = world.services.rails.get('sandbox') as Rail;
  const lookup: Rail['lookup'] = async (_connection, keys) => keys.map((key) => ({ key, answer: { kind: 'absent_final' } }));
  return new Map([['sandbox', { ...real, lookup, ...(fence ? { fence } : {}) }]]);
};

/** A batch whose worker died after the intent and before the send, long enough ago for its lease to have ended. */
const died = async (terms: Record<string, unknown> = {}, ago = '1 hour'): Promise<string> => {
  const batchId = await world.executing(tokens(3), terms);
  const failpoint: Services['failpoint'] = async (passed) => {
    if (passed === 'after_intent') throw new Error('died');
  };
  await expect(payChunk(world.worker({ failpoint }), { batchId, chunk: 0 }, quiet)).rejects.toThrow('died');
  await world.sql('ALTER TABLE dispatch DISABLE TRIGGER dispatch_append_only');
  await world.sql('UPDATE dispatch SET sent_from = sent_from - $2::interval, lease_until = lease_until - $2::interval WHERE batch_id = $1', [
    batchId,
    ago,
  ]);
  await world.sql('ALTER TABLE dispatch ENABLE TRIGGER dispatch_append_only');
  return batchId;
};
const cancelled = async (): Promise<string> => {
  const batchId = await died();
  const admin = await world.person('admin');
  expect(await cancelPayoutBatch(world.as(admin), { batch_id: batchId })).toMatchObject({ ok: true, value: { already_sent: 3 } });
  return batchId;
};
const late = async (): Promise<string> => {
  const batchId = await died({ execute_by: new Date(Date.now() + 3_600_000).toISOString() });
  await world.sql(`UPDATE payout_batch SET execute_by = now() - interval '1 second' WHERE id = $1`, [batchId]);
  return batchId;
};
const exceptions = (batchId: string) =>
  world.sql<{ kind: string; open_count: number; open_amount: string }>(
    `SELECT kind, open_count, open_amount FROM exception WHERE batch_id = $1 AND resolved_at IS NULL`,
    [batchId],
  );

describe('what may never be sent again is found out all the same (R5)', () => {
  test.each([
    ['cancelled', cancelled],
    ['past execute_by', late],
  ] as const)('%s: an exception at once, with its items and amount, by a rail that cannot fence', async (_name, make) => {
    const batchId = await make();
    const before = await world.provider.books();
    for (let i = 0; i < 2; i++) await payChunk(world.worker({ rails: silent(null) }), { batchId, chunk: 0 }, quiet);
    await resolve(batchId, silent(null));
    expect(await exceptions(batchId)).toEqual([{ kind: 'unknown_not_sendable', open_count: 3, open_amount: '303' }]);
    expect((await world.provider.books()).count).toBe(before.count);
  });

  test.each([
    ['cancelled', cancelled, 'cancelled'],
    ['past execute_by', late, 'failed'],
  ] as const)('%s: a rail that fences its keys ends it by itself, and the money is back', async (_name, make, state) => {
    const before = await world.balance(world.home.funding);
    const batchId = await make();
    const fenced: string[] = [];
    const rails = silent(async (_connection, keys) => {
      fenced.push(...keys);
      return keys.map((key) => ({ key, answer: 'fenced' }));
    });
    await resolve(batchId, rails);
    expect(new Set(fenced).size).toBe(3);
    expect((await world.view(batchId))?.control.state).toBe(state);
    expect(await world.counter(batchId)).toMatchObject({ open: 0, failed: 3 });
    expect(await world.balance(world.home.funding)).toBe(before);
    expect(await exceptions(batchId)).toEqual([]);
  });

  test('the sandbox provider, asked for real, fences what it never got, and never takes it afterwards', async () => {
    const before = await world.balance(world.home.funding);
    const batchId = await cancelled();
    await resolve(batchId, new Map(world.services.rails));
    await resolve(batchId, new Map(world.services.rails));
    expect((await world.view(batchId))?.control.state).toBe('cancelled');
    expect(await world.counter(batchId)).toMatchObject({ open: 0, failed: 3 });
    expect(await world.balance(world.home.funding)).toBe(before);
    expect(await world.broken()).toEqual([]);
  });

  test('a payment that the provider turns out to have is not failed by the fence', async () => {
    const batchId = await cancelled();
    await resolve(
      batchId,
      silent(async (_connection, keys) => keys.map((key) => ({ key, answer: 'exists' }))),
    );
    expect(await world.counter(batchId)).toMatchObject({ open: 3, failed: 0 });
  });
});

describe('doubt whose keys have ended reaches people, whatever else stands still (R5)', () => {
  const EXPIRED = { kind: 'unknown_key_expired', open_count: 3, open_amount: '303' };

  test('a provider that never answers again', async () => {
    const batchId = await died({}, '40 days');
    const lookup: Rail['lookup'] = async (_connection, keys) => keys.map((key) => ({ key, answer: { kind: 'unavailable' } }));
    const real = world.services.rails.get('sandbox') as Rail;
    for (let i = 0; i < 2; i++) await resolve(batchId, new Map([['sandbox', { ...real, lookup }]]));
    expect(await exceptions(batchId)).toEqual([EXPIRED]);
    const young = await died();
    await resolve(young, new Map([['sandbox', { ...real, lookup }]]));
    expect(await exceptions(young)).toEqual([]);
  });

  test('a batch that is paused and never resumed', async () => {
    const batchId = await died({}, '40 days');
    expect(await pausePayoutBatch(world.as(await world.person('admin')), { batch_id: batchId })).toMatchObject({ ok: true });
    await resolve(batchId, silent(null));
    expect(await exceptions(batchId)).toEqual([EXPIRED]);
  });

  test('a connection that is disabled for good', async () => {
    const batchId = await died({}, '40 days');
    await world.sql('UPDATE rail_connection SET disabled_at = now()');
    await resolve(batchId, silent(null));
    await world.sql('UPDATE rail_connection SET disabled_at = NULL');
    expect(await exceptions(batchId)).toEqual([EXPIRED]);
  });

  test('a fence that the provider does not answer, until it does', async () => {
    const batchId = await cancelled();
    const answered = (answer: 'unavailable' | 'fenced') => silent(async (_connection, keys) => keys.map((key) => ({ key, answer })));
    await resolve(batchId, answered('unavailable'));
    expect(await exceptions(batchId)).toEqual([{ kind: 'unknown_not_sendable', open_count: 3, open_amount: '303' }]);
    await resolve(batchId, answered('fenced'));
    expect(await exceptions(batchId)).toEqual([]);
    expect(await world.counter(batchId)).toMatchObject({ open: 0, failed: 3 });
  });

  test('what is settled while it is looked up is no matter of people', async () => {
    const batchId = await cancelled();
    const rails = silent(null);
    const real = rails.get('sandbox') as Rail;
    const lookup: Rail['lookup'] = async (...asked) => {
      const outcomes = asked[1].slice(0, 2).map((key) => ({ ...unknownOutcome(key, 'late'), outcome: 'paid' as const, rank: 1, reason: null }));
      await settleEvidence(world.worker(), { batchId, connectionId: world.home.connectionId, source: 'webhook', outcomes });
      return real.lookup(...asked);
    };
    await resolve(batchId, new Map([['sandbox', { ...real, lookup }]]));
    expect(await exceptions(batchId)).toEqual([{ kind: 'unknown_not_sendable', open_count: 1, open_amount: '102' }]);
  });
});

describe('what the provider took in and does not end reaches people', () => {
  const OVERDUE = { kind: 'settlement_overdue', open_count: 3, open_amount: '303' };
  const answering = (answer: PaymentLookup['answer']): Services['rails'] => {
    const real = world.services.rails.get('sandbox') as Rail;
    return new Map([['sandbox', { ...real, lookup: async (_connection, keys) => keys.map((key) => ({ key, answer: forKey(answer, key) })) }]]);
  };
  const forKey = (answer: PaymentLookup['answer'], key: string): PaymentLookup['answer'] =>
    answer.kind === 'found' ? { ...answer, outcome: { ...answer.outcome, key } } : answer;
  const found = (outcome: EvidenceOutcome, rank: number): PaymentLookup['answer'] => ({
    kind: 'found',
    outcome: { ...unknownOutcome('', 'taken in'), outcome, rank, reason: null },
  });
  const taken = async (ago: string): Promise<string> => {
    const batchId = await died({}, ago);
    await resolve(batchId, answering(found('submitted', 1)));
    expect(await world.counter(batchId)).toMatchObject({ open: 3, submitted: 3 });
    return batchId;
  };

  test.each([
    ['gives no answer', { kind: 'unavailable' }],
    ['says once more that it took them in', found('submitted', 1)],
    ['knows nothing of them any more', { kind: 'absent_so_far' }],
  ] as const)('a provider that %s', async (_name, answer) => {
    const batchId = await taken('3 days');
    for (let i = 0; i < 2; i++) await resolve(batchId, answering(answer));
    expect(await exceptions(batchId)).toEqual([OVERDUE]);
  });

  test('not before its rail says that it is late', async () => {
    const batchId = await taken('1 day');
    await resolve(batchId, answering({ kind: 'unavailable' }));
    expect(await exceptions(batchId)).toEqual([]);
  });

  test('the last word of the provider ends it', async () => {
    const batchId = await taken('3 days');
    await resolve(batchId, answering({ kind: 'unavailable' }));
    expect(await exceptions(batchId)).toEqual([OVERDUE]);
    await resolve(batchId, answering(found('paid', 2)));
    expect(await exceptions(batchId)).toEqual([]);
    expect((await world.view(batchId))?.control.state).toBe('completed');
  });
});

/** Lookups as a run makes them: every item of the batch is due. */
const resolve = async (batchId: string, rails: Services['rails']): Promise<void> => {
  await world.sql('UPDATE payout_item SET look_up_at = now() WHERE batch_id = $1 AND look_up_at IS NOT NULL', [batchId]);
  await lookUpDue(world.worker({ rails }), batchId, quiet);
};
