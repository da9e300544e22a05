import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createBatchCsv } from '../../contracts/batches.js';
import type { Context } from '../../operations/context.js';
import { askChallenge } from '../../operations/gate/ask.js';
import { receiveCsv } from '../../operations/intake/receive-csv.js';
import { takeIn } from '../../operations/intake/take-in.js';
import { cancelPayoutBatch } from '../../operations/payout-batch/cancel.js';
import { expirePayoutBatch } from '../../operations/payout-batch/expire.js';
import { listPayoutBatches } from '../../operations/payout-batch/list.js';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import { submitPayoutBatch } from '../../operations/payout-batch/submit.js';
import { latch } from '../harness/latch.js';
import { until } from '../harness/until.js';
import { allItems, csvFile, csvRow, type IntakeWorld, openIntakeWorld, ROWS_A_TRANSACTION, spooled, upload } from '../world/intake.js';
import { lockWaiters } from '../world/lock-waiters.js';
import { recompute } from '../world/recomputed-digest.js';
import { made, must, refusalOf, uuidOf } from '../world/wire.js';

let world: IntakeWorld;
beforeAll(async () => {
  world = await openIntakeWorld();
}, 120_000);
afterAll(() => world?.close());

const ctx = () => world.as(world.preparer);
const never = new AbortController().signal;

/** Sends a file with `Prefer: respond-async`, or as `haste` says. */
const send = async (text: string, query: Record<string, string> = {}, haste: Parameters<typeof receiveCsv>[3] = { respondAsync: true }) =>
  receiveCsv(ctx(), createBatchCsv.parse({ currency: 'EUR', rail: 'sandbox', ...query }), spooled(text), haste);
const sent = async (...parameters: Parameters<typeof send>) => uuidOf(made(await send(...parameters)).id);
const show = async (id: string) => must(await showPayoutBatch(ctx(), { batch_id: id }));
const parts = async (id: string) => (await world.sql<{ n: number }>('SELECT count(*)::int AS n FROM upload_part WHERE batch_id = $1', [id]))[0]?.n;
const stored = async (id: string) => (await world.sql<{ n: number }>('SELECT count(*)::int AS n FROM payout_item WHERE batch_id = $1', [id]))[0]?.n;

/** The worker, whose process dies in the transaction of part `dies` (0 is the first). */
const dying = (dies: number): Context => {
  const worker = world.worker();
  let inserts = 0;
  return {
    ...worker,
    inTenant: (work, options) =>
      worker.inTenant(
        (stores) =>
          work({
            ...stores,
            items: {
              ...stores.items,
              insert: async (batchId, rows) => {
                if (inserts++ === dies) throw new Error('killed');
                await stores.items.insert(batchId, rows);
              },
            },
          }),
        options,
      ),
  };
};

describe('a file that a workflow takes in', () => {
  const COUNT = 3 * ROWS_A_TRANSACTION + 4;
  const ROWS = COUNT + 1;
  const PARTS = Math.ceil(ROWS / ROWS_A_TRANSACTION);
  /** A file of its own each time, to the same payees: the same one again would be refused. */
  let files = 0;
  const fresh = () => csvFile(...Array.from({ length: COUNT }, (_, i) => csvRow(i, '12.50', `INV ${i} ${files}`)), csvRow(900_000 + files++));

  test('is answered at once with a batch that people see, and becomes the same batch as within its request', async () => {
    const text = fresh();
    const batch = made(await send(text, { external_id: 'large-1' }));
    const id = uuidOf(batch.id);
    expect(batch).toMatchObject({ state: 'receiving', digest: null, item_count: 0, upload: { rows_expected: ROWS, rows_stored: 0, refusal: null } });
    expect((await show(id)).state).toBe('receiving');
    expect(must(await listPayoutBatches(ctx(), { limit: 10, state: 'receiving' })).data.map((one) => one.id)).toEqual([batch.id]);
    expect(refusalOf(await send(text, { external_id: 'large-1' })).code).toBe('external_id_taken');
    const [part] = await world.sql<{ sealed: Buffer }>('SELECT sealed FROM upload_part WHERE batch_id = $1', [id]);
    expect(part?.sealed.includes('Payee 1')).toBe(false);

    await takeIn(world.worker(), id, never);
    const whole = await show(id);
    expect(whole).toMatchObject({ state: 'queued', item_count: ROWS, total: ROWS * 1250, counts: { open: ROWS } });
    expect(whole.upload).toMatchObject({ rows_expected: ROWS, rows_checked: ROWS, rows_stored: ROWS });
    expect(await parts(id)).toBe(0);
    // The file is closed, and with it the worker's rights.
    const chunk = { chunk: 0, root: new Uint8Array(32) };
    await expect(world.worker().inTenant((stores) => stores.batches.putChunkRoots(id, [chunk]))).rejects.toThrow(/row-level security/);
    await expect(world.worker().inTenant((stores) => stores.batches.move(id, whole.row_version, { deadlineAt: null }))).rejects.toThrow(
      /row-level security/,
    );
    expect(await world.results(id, 'batch.receive')).toEqual(['ok']);
    expect(await world.results(id, 'batch.create')).toEqual(['ok']);
    const [made_by] = await world.sql('SELECT DISTINCT created_by FROM payee_destination');
    expect(made_by).toEqual({ created_by: world.preparer.id });
    expect(await ctx().inTenant((stores) => stores.batches.preparers(id))).toEqual([world.preparer.id]);
  });

  test('that came with an API key leaves the key beside each new destination', async () => {
    const keyId = world.services.entropy.newId();
    const key = world.as({ type: 'api_key', keyId, ownerPersonId: world.preparer.id, scopes: ['batches.create'] });
    const query = createBatchCsv.parse({ currency: 'EUR', rail: 'sandbox' });
    const text = csvFile(csvRow(810_000), csvRow(810_001), csvRow(0, '3.00', 'by key'));
    const id = uuidOf(made(await receiveCsv(key, query, spooled(text), { respondAsync: true })).id);
    await takeIn(world.worker(), id, never);
    expect((await show(id)).state).toBe('queued');
    const keys = await world.sql(
      `SELECT p.reference, k.api_key_id, d.created_by FROM payee_destination_key k JOIN payee_destination d ON d.id = k.destination_id
       JOIN payee p ON p.id = d.payee_id ORDER BY 1`,
    );
    expect(keys).toEqual([810_000, 810_001].map((n) => ({ reference: `p-${n}`, api_key_id: keyId, created_by: world.preparer.id })));
  });

  test('goes on where a killed worker stopped, and no row is stored twice', async () => {
    const id = await sent(fresh(), { draft: 'true' });
    await expect(takeIn(dying(2), id, never)).rejects.toThrow('killed');
    expect(await stored(id)).toBe(2 * ROWS_A_TRANSACTION);
    expect(await show(id)).toMatchObject({ state: 'receiving', upload: { rows_checked: ROWS, rows_stored: 2 * ROWS_A_TRANSACTION } });
    await takeIn(world.worker(), id, never);
    expect(await show(id)).toMatchObject({ state: 'draft', item_count: ROWS, total: ROWS * 1250 });
    await takeIn(world.worker(), id, never);
    expect(await stored(id)).toBe(ROWS);
    expect(await world.results(id, 'batch.create')).toEqual(['ok']);
  });

  test('with errors ends refused with them, pays nothing, adds no payee, and its external_id is free again', async () => {
    const [before] = await world.sql('SELECT count(*) AS n FROM payee');
    const bad = csvFile(
      ...Array.from({ length: ROWS_A_TRANSACTION + 3 }, (_, i) => csvRow(700_000 + i, i === ROWS_A_TRANSACTION + 1 ? '1.005' : '1.00')),
    );
    const id = await sent(bad, { external_id: 'large-2' });
    await takeIn(world.worker(), id, never);
    const refused = await show(id);
    expect(refused).toMatchObject({ state: 'refused', digest: null, item_count: 0, external_id: null });
    expect(refused.upload?.refusal).toMatchObject({ code: 'invalid_csv', errors: [{ row: ROWS_A_TRANSACTION + 3, field: 'amount' }] });
    expect(await world.sql('SELECT count(*) AS n FROM payee')).toEqual([before]);
    expect([await stored(id), await parts(id)]).toEqual([0, 0]);
    expect(await allItems(ctx(), id)).toEqual([]);
    expect(await world.results(id, 'batch.refuse')).toEqual(['ok']);
    expect(made(await upload(ctx(), csvFile(csvRow(1)), { external_id: 'large-2' })).state).toBe('queued');
  });

  test('with repeats ends refused, with allow_duplicates it does not', async () => {
    const twice = csvFile(csvRow(1), csvRow(1));
    const refused = await sent(twice);
    await takeIn(world.worker(), refused, never);
    expect((await show(refused)).upload?.refusal).toMatchObject({ code: 'duplicate_items' });
    const id = await sent(twice, { allow_duplicates: 'true' });
    await takeIn(world.worker(), id, never);
    const batch = await show(id);
    expect(batch).toMatchObject({ state: 'queued', item_count: 2 });
    expect(await recompute(world, ctx(), batch)).toBe(batch.digest);
  });

  test('with payments of an earlier batch ends refused with the row of each and what it equals, and nothing is stored', async () => {
    const first = made(await upload(ctx(), csvFile(csvRow(1, '77.00'), csvRow(2, '77.00'))));
    const id = await sent(csvFile(csvRow(3, '77.00'), ',,,,', csvRow(2, '77.00')));
    await takeIn(world.worker(), id, never);
    const refused = await show(id);
    const [error] = refused.upload?.refusal?.errors ?? [];
    expect(refused).toMatchObject({ state: 'refused', upload: { refusal: { code: 'repeated_payments', errors: [{ row: 4, reason: 'repeated' }] } } });
    expect(refused.upload?.refusal?.detail).toContain(`1 payment equals one in ${first.id} (item 1, pending)`);
    expect(error?.equals).toMatchObject({ batch_id: first.id, ordinal: 1, state: 'pending', amount: 7_700 });
    expect(await parts(id)).toBe(0);
  });

  test('has no gate and cannot be submitted while it is received, and can be cancelled, which ends its run', async () => {
    const id = await sent(fresh(), { external_id: 'large-3' });
    const approver = await world.person('approver');
    expect(refusalOf(await askChallenge(world.as(approver), { batch_id: id, gate: 'approve' })).code).toBe('wrong_state');
    expect(refusalOf(await submitPayoutBatch(ctx(), { batch_id: id })).code).toBe('wrong_state');
    await expect(takeIn(dying(1), id, never)).rejects.toThrow('killed');
    expect(must(await cancelPayoutBatch(ctx(), { batch_id: id, reason: 'the wrong file' }))).toMatchObject({ state: 'cancelled', external_id: null });
    await takeIn(world.worker(), id, never);
    expect([await stored(id), await parts(id)]).toEqual([ROWS_A_TRANSACTION, 0]);
    expect(await allItems(ctx(), id)).toEqual([]);
  });

  test('cancelled while a part is stored ends there', async () => {
    const id = await sent(fresh());
    const worker = world.worker();
    let calls = 0;
    const cancelling: Context = {
      ...worker,
      inTenant: async (work, options) => {
        const done = await worker.inTenant(work, options);
        if (++calls === 6) must(await cancelPayoutBatch(ctx(), { batch_id: id }));
        return done;
      },
    };
    await takeIn(cancelling, id, never);
    expect(await show(id)).toMatchObject({ state: 'cancelled', item_count: 0 });
  });

  test.each([
    ['while its first part is stored', 1],
    ['while it becomes a batch', PARTS + 1],
  ])('cancelled %s: the cancel waits for that, and stands', async (_when, nth) => {
    const id = await sent(fresh());
    const worker = world.worker();
    const [reached, release] = [latch(), latch()];
    let moves = 0;
    const slow: Context = {
      ...worker,
      inTenant: (work, options) =>
        worker.inTenant(async (stores) => {
          const before = moves;
          const { move } = stores.batches;
          const counting: typeof move = (...parameters) => {
            moves += 1;
            return move(...parameters);
          };
          const done = await work({ ...stores, batches: { ...stores.batches, move: counting } });
          if (before < nth && moves >= nth) {
            reached.open();
            await release.opened;
          }
          return done;
        }, options),
    };
    const running = takeIn(slow, id, never);
    await reached.opened;
    const cancelling = cancelPayoutBatch(ctx(), { batch_id: id });
    await until('the cancel waits', async () => ((await lockWaiters(world)) > 0 ? true : undefined)).finally(release.open);
    expect(must(await cancelling)).toMatchObject({ state: 'cancelled' });
    await running;
    expect(await show(id)).toMatchObject({ state: 'cancelled' });
  });

  test('a small file that takes too long is handed over, in either pass', async () => {
    const early = await sent(fresh(), {}, { patienceMs: -1 });
    expect(await show(early)).toMatchObject({ state: 'receiving', upload: { rows_stored: 0 } });
    await takeIn(world.worker(), early, never);
    expect(await show(early)).toMatchObject({ state: 'queued', item_count: ROWS });
    const large = await sent(fresh(), { allow_duplicates: 'true' }, { linesMax: ROWS - 1 });
    expect((await show(large)).state).toBe('receiving');
    await takeIn(world.worker(), large, never);
    expect((await show(large)).digest).not.toBeNull();
  });

  test('a file that changed in the database is not taken in', async () => {
    const id = await sent(csvFile(csvRow(1), csvRow(2)));
    await world.sql(`UPDATE upload_part SET sealed = set_byte(sealed, 60, get_byte(sealed, 60) # 1) WHERE batch_id = $1`, [id]);
    await expect(takeIn(world.worker(), id, never)).rejects.toThrow();
    expect((await show(id)).state).toBe('receiving');
  });
});

describe('an upload that nobody ends', () => {
  test('is given up by its run, some time after its lease', async () => {
    await upload(ctx(), csvFile(csvRow(1)), { external_id: 'abandoned' });
    const [row] = await world.sql<{ id: string }>(`SELECT id FROM payout_batch WHERE external_id = 'abandoned'`);
    const wanted = await ctx().inTenant((stores) => stores.batches.get(row?.id ?? ''));
    if (!wanted) throw new Error('no batch');
    const id = world.services.entropy.newId();
    const batch = { ...wanted, id, externalId: 'abandoned-2' };
    await ctx().inTenant((stores) => stores.batches.insert(batch, 'receiving', new Date(stores.now.getTime() - 9 * 60_000)));
    must(await expirePayoutBatch(world.worker(), { batch_id: id }));
    expect(await world.sql('SELECT state FROM batch_control WHERE batch_id = $1', [id])).toEqual([{ state: 'receiving' }]);
    await world.sql(`UPDATE batch_control SET deadline_at = now() - interval '11 minutes', row_version = row_version + 1 WHERE batch_id = $1`, [id]);
    expect(must(await expirePayoutBatch(world.worker(), { batch_id: id }))).toEqual({ state: 'cancelled' });
    expect(await world.sql('SELECT external_id FROM payout_batch WHERE id = $1', [id])).toEqual([{ external_id: null }]);
  });
});
