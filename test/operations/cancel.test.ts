import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { blockHash, stepsOf, transitionBlock } from '../../domain/item/transitions.js';
import type { Context } from '../../operations/context.js';
import { idempotent } from '../../operations/idempotency/guard.js';
import { cancelPayoutBatch } from '../../operations/payout-batch/cancel.js';
import { expirePayoutBatch } from '../../operations/payout-batch/expire.js';
import { pausePayoutBatch } from '../../operations/payout-batch/pause.js';
import { rejectPayoutBatch } from '../../operations/payout-batch/reject.js';
import { resumePayoutBatch } from '../../operations/payout-batch/resume.js';
import { sha256 } from '../../vault/sha256.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { sendFirst } from '../world/sent.js';

jest.setTimeout(120_000);

let world: World;
let admin: Person;
beforeAll(async () => {
  world = await openWorld();
  admin = await world.person('admin');
});
afterAll(() => world?.close());

describe('before execution', () => {
  test.each(['queued', 'approved', 'authorized'] as const)('cancel from %s gives the hold back, tells the workflow and is final', async (state) => {
    const funds = await world.balance(world.home.funding);
    const batch = await world.batch();
    if (state !== 'queued') await world.openUpTo(state === 'approved' ? 'approve' : 'authorize', batch.id);
    const cancelled = await cancelPayoutBatch(world.as(admin), { batch_id: batch.id, reason: 'wrong month' });
    expect(cancelled).toMatchObject({ ok: true, value: { state: 'cancelled', reason: 'wrong month', already_sent: 0, not_sent: 2 } });
    expect(await world.balance(world.home.funding)).toBe(funds);
    expect(await world.sql('SELECT 1 FROM hold WHERE batch_id = $1 AND resolved_at IS NULL', [batch.id])).toEqual([]);
    expect(await world.sql(`SELECT 1 FROM outbox WHERE batch_id = $1 AND message = 'batch_changed'`, [batch.id])).toHaveLength(1);
    for (const again of [
      cancelPayoutBatch(world.as(admin), { batch_id: batch.id }),
      rejectPayoutBatch(world.as(admin), { batch_id: batch.id, reason: 'x' }),
    ])
      expect(await again).toMatchObject({ ok: false, refusal: { code: 'wrong_state', extra: { state: 'cancelled' } } });
    expect(await world.results(batch.id, 'batch.cancel')).toEqual(['ok', 'wrong_state']);
  });

  test('the reason stays out of the audit log; its hash stands there', async () => {
    const batch = await world.batch();
    await rejectPayoutBatch(world.as(admin), { batch_id: batch.id, reason: 'Erika asked for it' });
    const [event] = await world.sql<{ detail: Record<string, unknown> }>(
      `SELECT detail FROM audit_event WHERE subject_id = $1 AND action = 'batch.reject'`,
      [batch.id],
    );
    expect(JSON.stringify(event)).not.toContain('Erika');
    expect(event?.detail['reason_sha256']).toMatch(/^[0-9a-f]{64}$/);
  });

  test('a batch of another workspace cannot be touched, and looks absent', async () => {
    const batch = await world.batch();
    const foreign = await world.workspace();
    const there = world.as(await world.person('admin', [foreign.tenantId]), { tenantId: foreign.tenantId });
    const input = { batch_id: batch.id, reason: 'x' };
    for (const act of [rejectPayoutBatch, cancelPayoutBatch, pausePayoutBatch, resumePayoutBatch, expirePayoutBatch]) {
      const answer = await act(there, input);
      expect(answer).toMatchObject({ ok: false, refusal: { code: 'not_found' } });
      expect(await act(there, { ...input, batch_id: foreign.tenantId })).toEqual(answer);
    }
    expect(await world.controlOf(batch.id)).toMatchObject({ state: 'queued', row_version: 1 });
  });
});

describe('while executing', () => {
  test('cancel stops the items that have no intent, releases their money, and says exactly what was sent', async () => {
    const batch = await world.batch({ amounts: [1n, 2n, 4n, 8n, 16n, 32n] });
    await world.openUpTo('execute', batch.id);
    const [funds, held] = [await world.balance(world.home.funding), await world.balance(world.home.held)];
    await sendFirst(world, batch.id, ['paid', 'submitted', 'submitting']);
    const cancelled = await cancelPayoutBatch(world.as(admin), { batch_id: batch.id });
    expect(cancelled).toMatchObject({
      ok: true,
      value: { state: 'executing', cancelling: true, already_sent: 3, not_sent: 3, counts: { open: 2, cancelled: 3 } },
    });
    expect(await world.balance(world.home.funding)).toBe(funds + 56n);
    expect(await world.balance(world.home.held)).toBe(held - 57n);
    const [hold] = await world.sql('SELECT remaining FROM hold WHERE batch_id = $1', [batch.id]);
    expect(hold).toEqual({ remaining: '6' });
    const [block] = await world.sql<{ body: string; hash: string }>(
      `SELECT b.body, e.detail->>'transitions_sha256' AS hash FROM transition_block b JOIN audit_event e ON e.id = b.event_id
       WHERE b.batch_id = $1 AND e.action = 'batch.cancel'`,
      [batch.id],
    );
    const body = block?.body ?? '';
    expect(stepsOf(body)).toMatchObject([3, 4, 5].map((ordinal) => ({ ordinal, version: 1, from: 'pending', to: 'cancelled', source: 'person' })));
    // The database writes this block, and its text is the one that a verifier makes of the steps.
    expect(body).toBe(transitionBlock({ source: 'person', chunk: null }, stepsOf(body)));
    expect(block?.hash).toBe(blockHash(sha256, body));
    expect(await cancelPayoutBatch(world.as(admin), { batch_id: batch.id })).toMatchObject({ ok: true, value: { already_sent: 3, not_sent: 3 } });
    expect(await world.balance(world.home.funding)).toBe(funds + 56n);
  });

  test('when nothing was sent, cancel ends the batch at once', async () => {
    const batch = await world.batch();
    await world.openUpTo('execute', batch.id);
    const cancelled = await cancelPayoutBatch(world.as(admin), { batch_id: batch.id });
    expect(cancelled).toMatchObject({
      ok: true,
      value: { state: 'cancelled', outcome: 'none', cancelling: false, already_sent: 0, not_sent: 2, counts: { open: 0, cancelled: 2 } },
    });
    expect(await world.sql('SELECT 1 FROM hold WHERE batch_id = $1 AND resolved_at IS NULL', [batch.id])).toEqual([]);
  });

  test('when something was paid and nothing is open, the worker is woken to complete it', async () => {
    const batch = await world.batch();
    await world.openUpTo('execute', batch.id);
    await sendFirst(world, batch.id, ['paid']);
    expect(await cancelPayoutBatch(world.as(admin), { batch_id: batch.id })).toMatchObject({
      ok: true,
      value: { state: 'executing', counts: { open: 0 } },
    });
    expect(await world.sql(`SELECT 1 FROM outbox WHERE batch_id = $1 AND message = 'batch_changed'`, [batch.id])).toHaveLength(1);
  });

  test('pause and resume set one mark, say exactly what was sent, and may be repeated', async () => {
    const batch = await world.batch({ amounts: [1n, 2n, 3n] });
    await world.openUpTo('execute', batch.id);
    await sendFirst(world, batch.id, ['submitted']);
    for (let i = 0; i < 2; i++)
      expect(await pausePayoutBatch(world.as(admin), { batch_id: batch.id, reason: 'looking' })).toMatchObject({
        ok: true,
        value: { state: 'executing', paused: true, already_sent: 1, not_sent: 2 },
      });
    expect(await world.controlOf(batch.id)).toMatchObject({ row_version: 5 });
    for (let i = 0; i < 2; i++)
      expect(await resumePayoutBatch(world.as(admin), { batch_id: batch.id })).toMatchObject({ ok: true, value: { paused: false, reason: null } });
    expect(await world.controlOf(batch.id)).toMatchObject({ row_version: 6, paused_at: null });
    expect(await rejectPayoutBatch(world.as(admin), { batch_id: batch.id, reason: 'x' })).toMatchObject({
      ok: false,
      refusal: { code: 'wrong_state' },
    });
  });
});

describe('a very large batch', () => {
  test('the transaction of a cancel may take minutes, under a key as well', async () => {
    const batch = await world.batch();
    await world.openUpTo('execute', batch.id);
    const [ctx, waits] = [world.as(admin), [] as (number | undefined)[]];
    const watched: Context = {
      ...ctx,
      inTenant: (work, options) => {
        waits.push(options?.timeoutMs);
        return ctx.inTenant(work, options);
      },
    };
    const input = { batch_id: batch.id };
    const request = { route: 'cancel_payout_batch', key: `cancel ${batch.id}`, input } as const;
    const cancelled = await idempotent(watched, request, (guarded) => cancelPayoutBatch(guarded, { ...input, reason: undefined }));
    expect(cancelled).toMatchObject({ ok: true, value: { state: 'cancelled' } });
    expect(waits).toEqual([undefined, 600_000]);
  });
});

describe('expiry', () => {
  const worker = () => world.worker();

  test('a deadline that has passed ends the batch and releases its hold; one in the future does nothing', async () => {
    const funds = await world.balance(world.home.funding);
    const batch = await world.batch();
    await world.openUpTo('authorize', batch.id);
    expect(await expirePayoutBatch(worker(), { batch_id: batch.id })).toEqual({ ok: true, value: { state: 'authorized' } });
    await world.sql(`UPDATE batch_control SET deadline_at = now() - interval '1 second', row_version = row_version + 1 WHERE batch_id = $1`, [
      batch.id,
    ]);
    const ends = await Promise.all(Array.from({ length: 8 }, () => expirePayoutBatch(worker(), { batch_id: batch.id })));
    for (const end of ends) expect(end).toEqual({ ok: true, value: { state: 'expired' } });
    expect(await world.results(batch.id, 'batch.expire')).toEqual(['ok']);
    expect(await world.balance(world.home.funding)).toBe(funds);
  });

  test('an executing batch never expires', async () => {
    const batch = await world.batch();
    await world.openUpTo('execute', batch.id);
    await world.sql(`UPDATE batch_control SET deadline_at = now() - interval '1 second', row_version = row_version + 1 WHERE batch_id = $1`, [
      batch.id,
    ]);
    expect(await expirePayoutBatch(worker(), { batch_id: batch.id })).toEqual({ ok: true, value: { state: 'executing' } });
  });
});
