import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Context } from '../../operations/context.js';
import type { Stores } from '../../operations/ports.js';
import type { NewBatch } from '../../operations/stores/batches.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';

let world: World;
let who: Person;
let there: Awaited<ReturnType<World['workspace']>>;
let home: Context;
let away: Context;
beforeAll(async () => {
  world = await openWorld();
  who = await world.person('preparer');
  there = await world.workspace();
  home = world.as(who);
  away = world.as(await world.person('preparer', [there.tenantId]), there);
}, 120_000);
afterAll(() => world?.close());

const newBatch = (more: Partial<NewBatch> = {}): NewBatch => ({
  id: world.services.entropy.newId(),
  externalId: null,
  description: 'März',
  rail: 'sandbox',
  connectionId: world.home.connectionId,
  connectionVersion: 1,
  connectionSettings: randomBytes(32),
  fundingAccountId: world.home.funding,
  currency: 'EUR',
  chunkSize: 128,
  source: 'csv',
  sourceSha256: randomBytes(32),
  allowDuplicates: true,
  feeBearer: 'sender',
  feeMaximum: 3n,
  executeNotBefore: new Date('2030-01-01T00:00:00.123Z'),
  executeBy: new Date('2030-01-02T00:00:00.456Z'),
  ...more,
});
const content = { contentVersion: 1, size: 3, count: 2, total: 9_007_199_254_740_991n, root: randomBytes(32), digest: randomBytes(32) };
const stored = async (more: Partial<NewBatch> = {}) => {
  const batch = newBatch(more);
  await home.inTenant(async (stores) => {
    expect(await stores.batches.insert(batch, 'queued', new Date('2030-01-01T00:00:00Z'))).toBe(true);
    await stores.batches.insertContent(batch.id, content);
  });
  return batch;
};
/** The same query in its own workspace and in another one. */
const both = async <T>(ask: (stores: Stores) => Promise<T>): Promise<[T, T]> => [await home.inTenant(ask), await away.inTenant(ask)];

describe('batches', () => {
  test('a row comes back as it went in, to the millisecond and to the last minor unit', async () => {
    const batch = await stored();
    const [mine, theirs] = await both((stores) => stores.batches.view(batch.id));
    expect(mine?.batch).toEqual({ ...batch, sourceSha256: expect.any(Uint8Array), createdAt: expect.any(Date) });
    expect(Buffer.from(mine?.batch.sourceSha256 ?? [])).toEqual(batch.sourceSha256);
    expect(mine?.content).toMatchObject({ contentVersion: 1, size: 3, count: 2, total: content.total });
    expect(mine).toMatchObject({ gates: [], openExceptions: [], control: { state: 'queued', rowVersion: 1, contentVersion: 1, reason: null } });
    expect(theirs).toBeNull();
  });

  test('no read, lock or change reaches a batch of another workspace [S1-02] [S3-03]', async () => {
    const batch = await stored({ externalId: 'only here' });
    const questions: ((stores: Stores) => Promise<unknown>)[] = [
      (stores) => stores.batches.get(batch.id),
      (stores) => stores.batches.byExternalId('only here'),
      (stores) => stores.batches.lock(batch.id),
      (stores) => stores.batches.control(batch.id),
      (stores) => stores.batches.content(batch.id, 1),
    ];
    for (const ask of questions) {
      const [mine, theirs] = await both(ask);
      expect(mine).not.toBeNull();
      expect(theirs).toBeNull();
    }
    const [, seen] = await both((stores) => stores.batches.list({ limit: 200 }));
    expect(seen.rows).toEqual([]);
    expect(await away.inTenant((stores) => stores.batches.move(batch.id, 1, { state: 'cancelled' }))).toBe(false);
    expect(await away.inTenant((stores) => stores.batches.chunkRoots(batch.id))).toEqual([]);
    await expect(away.inTenant((stores) => stores.batches.counter(batch.id))).rejects.toThrow('no counter');
    await expect(away.inTenant((stores) => stores.batches.addPreparer(batch.id, who.id, 'edit'))).rejects.toThrow();
    await expect(away.inTenant((stores) => stores.batches.insertContent(batch.id, { ...content, contentVersion: 2 }))).rejects.toThrow();
    await expect(away.inTenant((stores) => stores.batches.putChunkRoots(batch.id, [{ chunk: 0, root: randomBytes(32) }]))).rejects.toThrow();
  });

  test('an external_id is taken once in a workspace, and free in the next', async () => {
    await stored({ externalId: 'one' });
    const again = newBatch({ externalId: 'one' });
    expect(await home.inTenant((stores) => stores.batches.insert(again, 'queued', null))).toBe(false);
    for (const table of ['batch_control', 'batch_counter'])
      expect(await world.sql(`SELECT 1 FROM ${table} WHERE batch_id = $1`, [again.id])).toEqual([]);
    const theirs = { ...again, connectionId: there.connectionId, fundingAccountId: there.funding };
    expect(await away.inTenant((stores) => stores.batches.insert(theirs, 'queued', null))).toBe(true);
  });

  test('a batch cannot name a connection or account of another workspace', async () => {
    for (const foreign of [{ connectionId: there.connectionId }, { fundingAccountId: there.funding }])
      await expect(home.inTenant((stores) => stores.batches.insert(newBatch(foreign), 'queued', null))).rejects.toThrow();
  });

  test('of 16 moves from one row version exactly one is made', async () => {
    const { id } = await stored();
    const moved = await Promise.all(
      Array.from({ length: 16 }, () => home.inTenant((stores) => stores.batches.move(id, 1, { pausedAt: stores.now }))),
    );
    expect(moved.filter(Boolean)).toHaveLength(1);
    const [view] = await both((stores) => stores.batches.view(id));
    expect(view?.control).toMatchObject({ rowVersion: 2, pausedAt: expect.any(Date) });
  });

  test('state_at follows the state alone', async () => {
    const { id } = await stored();
    const control = async () => (await home.inTenant((stores) => stores.batches.lock(id)))?.stateAt;
    const at = await control();
    await home.inTenant((stores) => stores.batches.move(id, 1, { deadlineAt: null, reason: 'x' }));
    expect(await control()).toEqual(at);
    await home.inTenant((stores) => stores.batches.move(id, 2, { state: 'rejected' }));
    expect((await control())?.getTime()).toBeGreaterThan(at?.getTime() ?? 0);
  });

  test('a batch that is still receiving or was given up is seen by uploads, and by no read and no lock', async () => {
    const batch = newBatch({ externalId: 'on its way' });
    await home.inTenant((stores) => stores.batches.insert(batch, 'receiving', null));
    const invisible = async () => {
      const asked = await home.inTenant(async ({ batches }) => [
        await batches.view(batch.id),
        await batches.lock(batch.id),
        await batches.control(batch.id),
      ]);
      expect(asked).toEqual([null, null, null]);
      const { rows } = await home.inTenant((stores) => stores.batches.list({ limit: 200 }));
      expect(rows.map((row) => row.batch.id)).not.toContain(batch.id);
    };
    await invisible();
    const [mine, theirs] = await both((stores) => stores.batches.receiving());
    expect(mine.map((row) => row.batch.id)).toContain(batch.id);
    expect(theirs).toEqual([]);

    await home.inTenant((stores) => stores.batches.giveUpExternalId(batch.id));
    await home.inTenant((stores) => stores.batches.move(batch.id, 1, { state: 'cancelled' }));
    await invisible();
    expect(await home.inTenant((stores) => stores.batches.byExternalId('on its way'))).toBeNull();
  });

  test('only an upload may give up its external_id', async () => {
    const { id } = await stored({ externalId: 'sealed' });
    await home.inTenant((stores) => stores.batches.giveUpExternalId(id));
    expect(await home.inTenant((stores) => stores.batches.byExternalId('sealed'))).toBe(id);
  });

  test('the counters begin with the first content, and no process writes them', async () => {
    const { id } = await stored();
    expect(await home.inTenant((stores) => stores.batches.counter(id))).toMatchObject({ open: content.count, paid: 0, paidAmount: 0n });
  });

  test('a preparer is stored once for each action; one who changed a destination of the batch lately counts too', async () => {
    const changer = await world.person('preparer');
    const batch = await world.batch({ preparer: who, payees: [await world.payee('Ana', changer)] });
    const asked = await home.inTenant(async ({ batches }) => {
      await batches.addPreparer(batch.id, who.id, 'create');
      await batches.addPreparer(batch.id, who.id, 'edit');
      return batches.preparers(batch.id);
    });
    expect(new Set(asked)).toEqual(new Set([who.id, changer.id]));
    expect(asked).toHaveLength(2);
    await world.sql(`UPDATE payee_destination SET created_at = now() - interval '25 hours' WHERE created_by = $1`, [changer.id]);
    expect(await home.inTenant((stores) => stores.batches.preparers(batch.id))).toEqual([who.id]);
  });

  test('of many recent destinations only those of the batch count, and excluded items do not', async () => {
    const [first, second, elsewhere] = [await world.person('preparer'), await world.person('preparer'), await world.person('preparer')];
    const payees = [
      await world.payee('Ana', first),
      await world.payee('Ben', first),
      await world.payee('Cleo', second),
      await world.payee('Dan', who),
    ];
    await world.payee('Eva', elsewhere);
    const batch = await world.batch({ preparer: who, amounts: [1n, 2n, 3n, 4n], payees });
    const asked = () => home.inTenant((stores) => stores.batches.preparers(batch.id));
    expect((await asked()).sort()).toEqual([who.id, first.id, second.id].sort());
    await world.sql(`UPDATE payout_item SET state = 'excluded' WHERE batch_id = $1 AND ordinal = 2`, [batch.id]);
    expect((await asked()).sort()).toEqual([who.id, first.id].sort());
  });

  test('chunk roots come back in order, and are replaced in place', async () => {
    const { id } = await stored();
    const roots = Array.from({ length: 12 }, () => randomBytes(32));
    const next = randomBytes(32);
    const read = await home.inTenant(async ({ batches }) => {
      await batches.putChunkRoots(id, roots.map((root, chunk) => ({ chunk, root })).reverse());
      await batches.putChunkRoots(id, [{ chunk: 3, root: next }]);
      await batches.putChunkRoots(id, []);
      return batches.chunkRoots(id);
    });
    expect(read.map((root) => Buffer.from(root))).toEqual(roots.map((root, chunk) => (chunk === 3 ? next : root)));
  });
});
