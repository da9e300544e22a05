import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import { create, csvFile, csvRow, type IntakeWorld, openIntakeWorld, ROWS_A_TRANSACTION, spooled, upload, uploadFile } from '../world/intake.js';
import { made, refusalOf, uuidOf } from '../world/wire.js';

let world: IntakeWorld;
beforeAll(async () => {
  world = await openIntakeWorld();
}, 120_000);
afterAll(() => world?.close());

const ctx = () => world.as(world.preparer);

describe('an upload that breaks off', () => {
  // Long enough for the first part to be stored before the last block is read ahead.
  const COUNT = 3 * ROWS_A_TRANSACTION + 5;
  const rows = Array.from({ length: COUNT }, (_, i) => csvRow(90_000 + i));
  const text = csvFile(...rows);

  /** A file whose second reading fails at its end, after one or more parts were stored. */
  const dying = () => {
    const whole = spooled(text, 4_096);
    let opened = 0;
    return {
      ...whole,
      async *open() {
        opened += 1;
        let sent = 0;
        for await (const block of whole.open()) {
          sent += block.length;
          if (opened === 2 && sent > text.length - 200) throw new Error('the disk is gone');
          yield block;
        }
      },
    };
  };
  const breakOff = async (externalId: string) => {
    await expect(uploadFile(ctx(), dying(), { external_id: externalId })).rejects.toThrow('the disk is gone');
    const [left] = await world.sql<{ id: string; state: string; items: number }>(
      `SELECT b.id, c.state, (SELECT count(*)::int FROM payout_item i WHERE i.batch_id = b.id) AS items
       FROM payout_batch b JOIN batch_control c ON c.batch_id = b.id WHERE b.external_id = $1`,
      [externalId],
    );
    expect(left?.state).toBe('receiving');
    expect(left?.items).toBeGreaterThan(0);
    expect(left?.items).toBeLessThan(COUNT);
    expect((left?.items ?? 0) % ROWS_A_TRANSACTION).toBe(0);
    return left?.id ?? '';
  };
  const endLease = async (id: string) => {
    await world.sql(`UPDATE batch_control SET deadline_at = now() - interval '1 second', row_version = row_version + 1 WHERE batch_id = $1`, [id]);
  };

  test('is seen by nobody, keeps others of its external_id waiting while its lease runs, and is then taken up where it stopped', async () => {
    const id = await breakOff('broken-1');
    expect(refusalOf(await showPayoutBatch(ctx(), { batch_id: id })).code).toBe('not_found');
    expect(await ctx().inTenant((stores) => stores.batches.lock(id))).toBeNull();
    expect(await ctx().inTenant((stores) => stores.batches.control(id))).toBeNull();
    const list = await ctx().inTenant((stores) => stores.batches.list({ limit: 200 }));
    expect(list.rows.map(({ batch }) => batch.id)).not.toContain(id);
    const result = await upload(ctx(), text, { external_id: 'broken-1' });
    expect(refusalOf(result).code).toBe('not_ready');
    expect(result.ok ? null : result.refusal.extra).toMatchObject({ retry_after_seconds: 60 });

    await endLease(id);
    const batch = made(await upload(ctx(), text, { external_id: 'broken-1' }));
    expect(uuidOf(batch.id)).toBe(id);
    expect(batch).toMatchObject({ item_count: COUNT, total: COUNT * 1250, state: 'queued' });
    const [chunks] = await world.sql(`SELECT count(*)::int AS n FROM batch_chunk WHERE batch_id = $1`, [id]);
    expect(chunks).toEqual({ n: Math.ceil(COUNT / 4) });
    expect(await world.results(id, 'batch.create')).toEqual(['ok']);
  });

  test('is given up when another file takes its external_id, by CSV or JSON', async () => {
    const first = await breakOff('broken-3');
    await endLease(first);
    const second = made(await upload(ctx(), csvFile(csvRow(1)), { external_id: 'broken-3' }));
    expect(uuidOf(second.id)).not.toBe(first);
    const third = await breakOff('broken-4');
    await endLease(third);
    const item = { payee: { reference: 'p-1' }, amount: 1, reference: 'x' };
    expect(made(await create(ctx(), { items: [item], external_id: 'broken-4' })).external_id).toBe('broken-4');
    for (const id of [first, third]) {
      expect(
        await world.sql(`SELECT state, external_id FROM batch_control c JOIN payout_batch b ON b.id = c.batch_id WHERE c.batch_id = $1`, [id]),
      ).toEqual([{ state: 'cancelled', external_id: null }]);
      expect(await world.results(id, 'batch.cancel')).toEqual(['ok']);
      expect(refusalOf(await showPayoutBatch(ctx(), { batch_id: id })).code).toBe('not_found');
    }
  });

  test('of 8 uploads of one external_id at once exactly one makes a batch', async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => upload(ctx(), csvFile(csvRow(1), csvRow(2)), { external_id: 'crowd' })));
    expect(results.filter((result) => result.ok)).toHaveLength(1);
    for (const result of results) expect(['ok', 'external_id_taken', 'not_ready']).toContain(refusalOf(result).code);
  });

  test('does not hold up uploads of other workspaces, which cannot take it up either', async () => {
    const id = await breakOff('broken-5');
    await endLease(id);
    const there = await world.workspace();
    const stranger = await world.person('preparer', [there.tenantId]);
    const theirs = made(await upload(world.as(stranger, there), text, { external_id: 'broken-5' }));
    expect(uuidOf(theirs.id)).not.toBe(id);
    expect(await world.sql(`SELECT state FROM batch_control WHERE batch_id = $1`, [id])).toEqual([{ state: 'receiving' }]);
  });
});
