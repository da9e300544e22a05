import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { blockHash, stepsOf, transitionBlock } from '../../domain/item/transitions.js';
import { openGate } from '../../operations/gate/open.js';
import { cancelPayoutBatch } from '../../operations/payout-batch/cancel.js';
import { editPayoutBatch } from '../../operations/payout-batch/edit.js';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import { sha256 } from '../../vault/sha256.js';
import { allItems, create, type IntakeWorld, openIntakeWorld } from '../world/intake.js';
import { iban } from '../world/payees.js';
import { recompute } from '../world/recomputed-digest.js';
import { made, must, refusalOf, uuidOf } from '../world/wire.js';

let world: IntakeWorld;
beforeAll(async () => {
  world = await openIntakeWorld();
}, 120_000);
afterAll(() => world?.close());

const items = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    payee: { reference: `p-${i}`, name: `Payee ${i}`, country: 'DE', iban: iban(i) },
    amount: 10 + i,
    reference: `INV ${i}`,
  }));
const newBatch = async (count = 10, more: object = {}) => {
  const batch = made(await create(world.as(world.preparer), { items: items(count), ...more }));
  return { id: uuidOf(batch.id), batch };
};
const places = (id: string, ...ordinals: number[]) => ordinals.map((ordinal) => ({ batchId: id, ordinal }));
const edit = (id: string, ordinals: number[], more: { row_version?: number } = {}, who = world.preparer) =>
  editPayoutBatch(world.as(who), { batch_id: id, exclude: places(id, ...ordinals), ...more });

const rootsOf = async (id: string) => {
  const rows = await world.sql<{ root: Buffer }>('SELECT root FROM batch_chunk WHERE batch_id = $1 ORDER BY chunk', [id]);
  return rows.map(({ root }) => root.toString('hex'));
};

describe('excluding items', () => {
  test('they stay in their place as excluded, the rest is re-totalled, and only the touched chunks get new roots', async () => {
    const { id, batch } = await newBatch();
    const before = await rootsOf(id);
    const after = must(await edit(id, [4, 9]));
    expect(after).toMatchObject({
      state: 'queued',
      content_version: 2,
      item_count: 8,
      total: batch.total - 14 - 19,
      counts: { open: 8, excluded: 2 },
    });
    expect(after.digest).not.toBe(batch.digest);
    const roots = await rootsOf(id);
    expect(roots.map((root, chunk) => root === before[chunk])).toEqual([true, false, false]);
    const shown = await allItems(world.as(world.preparer), id);
    expect(shown.filter(({ state }) => state === 'excluded').map(({ ordinal }) => ordinal)).toEqual([4, 9]);
    expect(shown.map(({ ordinal }) => ordinal)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);

    const [block] = await world.sql<{ body: string; action: string; hash: string }>(
      `SELECT b.body, e.action, e.detail->>'transitions_sha256' AS hash FROM transition_block b JOIN audit_event e ON e.id = b.event_id WHERE b.batch_id = $1`,
      [id],
    );
    const body = block?.body ?? '';
    expect(stepsOf(body)).toMatchObject([4, 9].map((ordinal) => ({ ordinal, from: 'pending', to: 'excluded', version: 1, source: 'person' })));
    expect(body).toBe(transitionBlock({ source: 'person', chunk: null }, stepsOf(body)));
    expect(block).toMatchObject({ action: 'batch.edit', hash: blockHash(sha256, body) });
  });

  test('the new digest is that of what the API shows, tombstones in their places', async () => {
    const { id } = await newBatch(7);
    const after = must(await edit(id, [0, 3, 6]));
    expect(await recompute(world, world.as(world.preparer), after)).toBe(after.digest);
    const again = must(await edit(id, [1]));
    expect(again.content_version).toBe(3);
    expect(await recompute(world, world.as(world.preparer), again)).toBe(again.digest);
  });

  test('a draft stays a draft', async () => {
    const { id } = await newBatch(3, { draft: true });
    expect(must(await edit(id, [1]))).toMatchObject({ state: 'draft', content_version: 2, item_count: 2 });
  });

  test.each(['approve', 'authorize'] as const)('after %s it voids gates, hold and challenges, and the batch is queued again', async (gate) => {
    const free = await world.balance(world.home.funding);
    const { id, batch } = await newBatch();
    await world.openUpTo(gate, id);
    expect(await world.balance(world.home.funding)).toBe(gate === 'authorize' ? free - BigInt(batch.total) : free);
    const next = await world.person(gate === 'approve' ? 'authorizer' : 'executor');
    const nextGate = gate === 'approve' ? 'authorize' : 'execute';
    const challenge = await world.challenge(next, nextGate, id);

    const after = must(await edit(id, [2]));
    expect(after).toMatchObject({ state: 'queued', gates: [], content_version: 2 });
    expect(await world.balance(world.home.funding)).toBe(free);
    expect(await world.balance(world.home.held)).toBe(0n);
    expect(await world.sql('SELECT count(*)::int AS live FROM hold WHERE batch_id = $1 AND resolved_at IS NULL', [id])).toEqual([{ live: 0 }]);
    const late = await openGate(world.as(next), { gate: nextGate, batch_id: id, challenge_id: challenge, code: await world.code(next) });
    expect(late.ok).toBe(false);

    // Three people have to open the gates again, and the hold is for the new total.
    await world.openUpTo('authorize', id);
    expect(await world.balance(world.home.held)).toBe(BigInt(after.total));
    must(await cancelPayoutBatch(world.as(world.preparer), { batch_id: id, reason: 'done' }));
    expect(await world.balance(world.home.funding)).toBe(free);
  });

  test('the person who edits is a preparer from then on, and opens neither approve nor authorize [S3-13]', async () => {
    const { id } = await newBatch();
    const editor = await world.person('admin');
    must(await edit(id, [0], {}, editor));
    await expect(world.challenge(editor, 'approve', id)).rejects.toThrow('preparer_cannot_open');
  });
});

describe('edits that are refused change nothing', () => {
  const snapshot = async (id: string) => [must(await showPayoutBatch(world.as(world.preparer), { batch_id: id })), await rootsOf(id)];

  test('an old row_version, so that nobody edits what they have not seen', async () => {
    const { id, batch } = await newBatch();
    must(await edit(id, [0], { row_version: batch.row_version }));
    const before = await snapshot(id);
    const result = await edit(id, [1], { row_version: batch.row_version });
    expect(refusalOf(result).code).toBe('batch_changed');
    expect(result.ok ? null : result.refusal.extra).toEqual({ state: 'queued', row_version: 2 });
    expect(await snapshot(id)).toEqual(before);
    expect(await world.results(id, 'batch.edit')).toEqual(['ok', 'batch_changed']);
  });

  test('all items, at once or the last of them', async () => {
    const { id } = await newBatch(2);
    expect(refusalOf(await edit(id, [0, 1])).code).toBe('batch_empty');
    must(await edit(id, [0]));
    const before = await snapshot(id);
    expect(refusalOf(await edit(id, [1])).code).toBe('batch_empty');
    expect(await snapshot(id)).toEqual(before);
  });

  test('items of another batch, beyond the end, or out already', async () => {
    const { id } = await newBatch(3);
    const { id: other } = await newBatch(3);
    must(await edit(id, [0]));
    const before = await snapshot(id);
    const exclude = [...places(id, 1), ...places(other, 1), ...places(id, 3), ...places(id, 0)];
    expect(refusalOf(await editPayoutBatch(world.as(world.preparer), { batch_id: id, exclude }))).toEqual({
      code: 'invalid_request',
      errors: ['exclude.1 not_in_batch', 'exclude.2 not_in_batch', 'exclude.3 not_pending'],
    });
    expect(await snapshot(id)).toEqual(before);
  });

  test('a batch that executes or has ended', async () => {
    const { id } = await newBatch(3);
    await world.openUpTo('execute', id);
    expect(refusalOf(await edit(id, [0])).code).toBe('wrong_state');
    const ended = await newBatch(3);
    must(await cancelPayoutBatch(world.as(world.preparer), { batch_id: ended.id }));
    expect(refusalOf(await edit(ended.id, [0])).code).toBe('wrong_state');
    expect(await world.results(ended.id, 'batch.edit')).toEqual(['wrong_state']);
  });

  test('a foreign batch is answered like an absent one [S3-03]', async () => {
    const { id } = await newBatch(2);
    const there = await world.workspace();
    const stranger = world.as(await world.person('preparer', [there.tenantId]), there);
    const foreign = await editPayoutBatch(stranger, { batch_id: id, exclude: places(id, 0) });
    const absent = await editPayoutBatch(stranger, { batch_id: world.home.tenantId, exclude: places(id, 0) });
    expect(refusalOf(foreign).code).toBe('not_found');
    expect(foreign).toEqual(absent);
  });
});

describe('edits at once', () => {
  test('of 16 edits that saw the same version exactly one counts', async () => {
    const { id, batch } = await newBatch(20);
    const results = await Promise.all(Array.from({ length: 16 }, (_, i) => edit(id, [i], { row_version: batch.row_version })));
    expect(results.filter((result) => result.ok)).toHaveLength(1);
    expect(new Set(results.filter((result) => !result.ok).map((result) => refusalOf(result).code))).toEqual(new Set(['batch_changed']));
    const after = must(await showPayoutBatch(world.as(world.preparer), { batch_id: id }));
    expect(after).toMatchObject({ content_version: 2, row_version: 2, counts: { open: 19, excluded: 1 } });
    expect(await recompute(world, world.as(world.preparer), after)).toBe(after.digest);
  });

  test('16 edits without a version all count, one after the other', async () => {
    const { id } = await newBatch(20);
    const results = await Promise.all(Array.from({ length: 16 }, (_, i) => edit(id, [i])));
    expect(results.every((result) => result.ok)).toBe(true);
    const after = must(await showPayoutBatch(world.as(world.preparer), { batch_id: id }));
    expect(after).toMatchObject({ content_version: 17, item_count: 4, counts: { open: 4, excluded: 16 } });
    expect(await recompute(world, world.as(world.preparer), after)).toBe(after.digest);
  });
});
