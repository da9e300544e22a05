import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { lookUpDue } from '../../operations/chunk/look-up-due.js';
import { payChunk } from '../../operations/chunk/pay.js';
import type { Context } from '../../operations/context.js';
import { cancelPayoutBatch } from '../../operations/payout-batch/cancel.js';
import type { Failpoint, FailpointName } from '../../operations/ports.js';
import { latch } from '../harness/latch.js';
import { until } from '../harness/until.js';
import { lockWaiters } from '../world/lock-waiters.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';

let world: PayingWorld;
beforeAll(async () => {
  world = await openPayingWorld();
}, 120_000);
afterAll(() => world.close());

const quiet = () => {};

/** A failpoint that throws at one place, so that nothing after it runs, as in a killed process. */
const dyingAt =
  (place: FailpointName): Failpoint =>
  async (passed) => {
    if (passed === place) throw new Error(`died at ${place}`);
  };

/** Lets lookups run as they come due until the batch has ended. */
const settled = (batchId: string) =>
  until('the batch to end', async () => {
    await lookUpDue(world.worker(), batchId, quiet);
    const view = await world.view(batchId);
    return view && view.control.state !== 'executing' ? view : undefined;
  });

describe('a chunk on the bulk endpoint, settled at once', () => {
  test('is paid, posted and ends its batch in one go', async () => {
    const batchId = await world.executing(tokens(10));
    expect(await payChunk(world.worker(), { batchId, chunk: 0 }, quiet)).toEqual({ kind: 'paid', sent: 10 });
    const view = await world.view(batchId);
    expect(view?.control).toMatchObject({ state: 'completed', outcome: 'full' });
    expect(view?.counter).toMatchObject({ open: 0, paid: 10 });
    expect(await world.broken()).toEqual([]);
  });

  test('paying it again changes nothing [S1-24]', async () => {
    const batchId = await world.executing(tokens(10));
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
    const before = await world.provider.books();
    expect(await payChunk(world.worker(), { batchId, chunk: 0 }, quiet)).toMatchObject({ kind: 'halted', halt: 'not_executing' });
    expect((await world.provider.books()).count).toBe(before.count);
    expect(await world.broken()).toEqual([]);
  });

  test('what the provider declines fails, and its money is back in the funding account', async () => {
    const before = await world.balance(world.home.funding);
    const batchId = await world.executing([...tokens(3), 'declined']);
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
    const view = await world.view(batchId);
    expect(view?.control).toMatchObject({ state: 'completed', outcome: 'partial' });
    expect(view?.counter).toMatchObject({ paid: 3, failed: 1 });
    expect(await world.balance(world.home.funding)).toBe(before - (view?.counter.paidAmount ?? 0n));
  });

  test('a batch of which nothing was paid has failed', async () => {
    const batchId = await world.executing(tokens(2, 'declined'));
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
    expect((await world.view(batchId))?.control).toMatchObject({ state: 'failed', outcome: 'none' });
    expect(await world.broken()).toEqual([]);
  });
});

describe('answers that never came (R4, R5)', () => {
  test.each(['timeout', 'broken', 'reset', 'garbled', 'lookup', 'refused', 'limited'])(
    '%s: is looked up, never sent blindly, and paid once',
    async (magic) => {
      const batchId = await world.executing([...tokens(3), magic]);
      await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
      const view = await settled(batchId);
      expect(view.counter).toMatchObject({ open: 0, unknown: 0, paid: 4, wasUnknown: 1 });
      expect(await world.broken()).toEqual([]);
    },
  );

  test('items that the provider does not answer for are unknown, with exactly their amount held', async () => {
    const batchId = await world.executing([...tokens(3), 'timeout']);
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
    expect(await world.counter(batchId)).toMatchObject({ open: 1, unknown: 1, paid: 3 });
    expect(await world.broken()).toEqual([]);
    await settled(batchId);
  });
});

describe('a process that dies', () => {
  test.each(['before_intent', 'after_intent', 'after_send', 'before_commit', 'after_commit'] as const)(
    '%s: nobody is paid twice or forgotten',
    async (place) => {
      const batchId = await world.executing(tokens(5));
      await expect(payChunk(world.worker({ failpoint: dyingAt(place) }), { batchId, chunk: 0 }, quiet)).rejects.toThrow(`died at ${place}`);
      await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
      const view = await settled(batchId);
      expect(view.counter).toMatchObject({ paid: 5, open: 0 });
      expect(await world.broken()).toEqual([]);
    },
  );
});

describe('what holds payments back (R1)', () => {
  test('a paused batch sends nothing, and goes on afterwards', async () => {
    const batchId = await world.executing(tokens(3));
    await world.sql('UPDATE batch_control SET paused_at = now(), row_version = row_version + 1 WHERE batch_id = $1', [batchId]);
    expect(await payChunk(world.worker(), { batchId, chunk: 0 }, quiet)).toEqual({ kind: 'halted', halt: 'paused' });
    expect(await world.counter(batchId)).toMatchObject({ open: 3 });
    await world.sql('UPDATE batch_control SET paused_at = NULL, row_version = row_version + 1 WHERE batch_id = $1', [batchId]);
    expect(await payChunk(world.worker(), { batchId, chunk: 0 }, quiet)).toMatchObject({ kind: 'paid' });
  });

  test('an intent that waited for a pause sees it, and sends nothing', async () => {
    const batchId = await world.executing(tokens(3));
    const paused = latch();
    const end = latch();
    const pausing = world.api().inTenant(async (stores) => {
      const control = await stores.batches.lock(batchId);
      await stores.batches.moveLocked(batchId, control?.rowVersion ?? 0, { pausedAt: stores.now });
      paused.open();
      await end.opened;
    });
    await paused.opened;
    let isDone = false;
    const paying = payChunk(world.worker(), { batchId, chunk: 0 }, quiet).finally(() => {
      isDone = true;
    });
    await until('the intent to wait for the pause', async () => {
      return (await lockWaiters(world)) > 0 || isDone || undefined;
    });
    expect(isDone).toBe(false);
    end.open();
    await pausing;
    expect(await paying).toEqual({ kind: 'halted', halt: 'paused' });
    await world.sql('UPDATE batch_control SET paused_at = NULL, row_version = row_version + 1 WHERE batch_id = $1', [batchId]);
    expect(await payChunk(world.worker(), { batchId, chunk: 0 }, quiet)).toMatchObject({ kind: 'paid' });
  });

  test('a frozen workspace sends nothing', async () => {
    const batchId = await world.executing(tokens(2));
    await world.sql('UPDATE workspace SET frozen_at = now()');
    expect(await payChunk(world.worker(), { batchId, chunk: 0 }, quiet)).toEqual({ kind: 'halted', halt: 'frozen' });
    await world.sql('UPDATE workspace SET frozen_at = NULL');
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
  });

  test('recovery mode sends nothing', async () => {
    const batchId = await world.executing(tokens(2));
    const recovery = { reason: () => 'an older copy was put back' };
    expect(await payChunk(world.worker({ recovery }), { batchId, chunk: 0 }, quiet)).toEqual({ kind: 'halted', halt: 'recovery_mode' });
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
  });

  test('a batch whose gates stand under no published checkpoint waits', async () => {
    const batchId = await world.executing(tokens(2));
    await world.sql('UPDATE audit_checkpoint SET published_at = NULL');
    expect(await payChunk(world.worker(), { batchId, chunk: 0 }, quiet)).toMatchObject({ kind: 'wait', reason: 'checkpoint' });
    await world.sql('UPDATE audit_checkpoint SET published_at = now()');
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
  });

  test('a held payee is blocked and its money released; the others are paid', async () => {
    const batchId = await world.executing([...tokens(2), 'heldone']);
    await world.sql(`UPDATE payee SET held_at = now() WHERE reference = 'heldone-2'`);
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
    const view = await world.view(batchId);
    expect(view?.counter).toMatchObject({ paid: 2, blocked: 1, open: 0 });
    expect(view?.control).toMatchObject({ state: 'completed', outcome: 'partial' });
    expect(await world.broken()).toEqual([]);
  });

  test('a batch of held payees alone ends, although nothing was ever sent', async () => {
    const batchId = await world.executing(['heldalone']);
    await world.sql(`UPDATE payee SET held_at = now() WHERE reference = 'heldalone-0'`);
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
    expect((await world.view(batchId))?.control).toMatchObject({ state: 'failed' });
    expect(await world.broken()).toEqual([]);
  });

  test('cancel while executing stops the items that have no intent, and waits for the rest', async () => {
    const batchId = await world.executing([...tokens(2), 'timeout']);
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
    const admin = await world.person('admin');
    expect(await cancelPayoutBatch(world.as(admin), { batch_id: batchId })).toMatchObject({ ok: true });
    const view = await settled(batchId);
    expect(view.control).toMatchObject({ state: 'completed' });
    expect(view.counter.paid).toBe(3);
    expect(await world.broken()).toEqual([]);
  });
});

describe('content that differs from what the execute gate signed (R3) [S3-07]', () => {
  const changes = [
    ['payout_item', 'amount = amount + 1'],
    ['payout_item', `reference = reference || 'x'`],
    ['payout_item', `remittance = 'other'`],
    ['payout_item', 'payee_id = (SELECT id FROM payee WHERE id <> payee_id LIMIT 1)'],
    ['payout_item', 'destination_id = (SELECT id FROM payee_destination WHERE id <> destination_id LIMIT 1)'],
    ['payout_batch', `currency = 'USD'`],
    ['payout_batch', 'fee_maximum = 1'],
    ['payout_batch', `execute_by = now() + interval '1 day'`],
    ['payout_batch', `execute_not_before = now() - interval '1 day'`],
    ['payout_batch', `chunk_size = 2`],
  ] as const;
  test.each(changes)('%s: %s reaches nobody', async (table, change) => {
    const batchId = await world.executing(tokens(3));
    const before = await world.provider.books();
    const where = table === 'payout_item' ? 'batch_id = $1 AND ordinal = 1' : 'id = $1';
    await world.sql(`UPDATE ${table} SET ${change} WHERE ${where}`, [batchId]);
    const report = await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
    expect(report).toEqual({ kind: 'halted', halt: 'integrity_failed' });
    expect((await world.provider.books()).count).toBe(before.count);
    const view = await world.view(batchId);
    expect(view?.control.integrityFailedAt).not.toBeNull();
    expect(view?.counter).toMatchObject({ open: 3 });
    expect(await payChunk(world.worker(), { batchId, chunk: 0 }, quiet)).toEqual({ kind: 'halted', halt: 'integrity_failed' });
  });

  test('a chunk is checked by its own row, whatever the number of chunks; a batch without paths by all roots', async () => {
    const read = async (batchId: string): Promise<number> => {
      const ctx = world.worker();
      let all = 0;
      const watched: Context = {
        ...ctx,
        inTenant: (work, options) =>
          ctx.inTenant((stores) => {
            const chunkRoots: typeof stores.batches.chunkRoots = (id) => {
              all++;
              return stores.batches.chunkRoots(id);
            };
            return work({ ...stores, batches: { ...stores.batches, chunkRoots } });
          }, options),
      };
      expect(await payChunk(watched, { batchId, chunk: 0 }, quiet)).toMatchObject({ kind: 'paid' });
      return all;
    };
    expect(await read(await world.executing(tokens(3)))).toBe(0);
    const released = await world.executing(tokens(3));
    await world.sql('UPDATE batch_chunk SET path = NULL WHERE batch_id = $1', [released]);
    expect(await read(released)).toBe(1);
  });

  test('a destination exchanged under its payee reaches nobody', async () => {
    const batchId = await world.executing(tokens(3));
    await world.sql(
      `UPDATE payee_destination SET sealed = (SELECT d.sealed FROM payee_destination d WHERE d.id <> payee_destination.id LIMIT 1)
       WHERE id = (SELECT destination_id FROM payout_item WHERE batch_id = $1 AND ordinal = 0)`,
      [batchId],
    );
    expect(await payChunk(world.worker(), { batchId, chunk: 0 }, quiet)).toEqual({ kind: 'halted', halt: 'integrity_failed' });
  });
});
