import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stepsOf } from '../../domain/item/transitions.js';
import type { Context } from '../../operations/context.js';
import type { Stores } from '../../operations/ports.js';
import type { NewItem } from '../../operations/stores/items.js';
import { openWorld, type World } from '../world/open.js';

let world: World;
let home: Context;
let away: Context;
beforeAll(async () => {
  world = await openWorld();
  const there = await world.workspace();
  home = world.as(await world.person('preparer'));
  away = world.as(await world.person('preparer', [there.tenantId]), there);
}, 120_000);
afterAll(() => world?.close());

type Place = Pick<NewItem, 'payeeId' | 'destinationId'>;
const payee = async (name: string): Promise<Place> => {
  const { id, destinationId } = await world.payee(name);
  return { payeeId: id, destinationId };
};
/** A batch without items. */
const empty = async (): Promise<{ id: string }> => {
  const id = world.services.entropy.newId();
  const batch = { connectionId: world.home.connectionId, fundingAccountId: world.home.funding, currency: 'EUR', rail: 'sandbox', chunkSize: 128 };
  const rest = {
    connectionVersion: null,
    connectionSettings: null,
    externalId: null,
    description: '',
    source: 'json',
    sourceSha256: null,
    allowDuplicates: true,
    feeBearer: 'sender',
    feeMaximum: 0n,
  } as const;
  await home.inTenant((stores) => stores.batches.insert({ id, ...batch, ...rest, executeNotBefore: null, executeBy: null }, 'queued', null));
  return { id };
};
/** The same with `count` items. */
const filled = async (count: number, place: Place, item: (ordinal: number) => Partial<NewItem> = () => ({})) => {
  const { id } = await empty();
  const rows = Array.from(
    { length: count },
    (_, ordinal): NewItem => ({
      ordinal,
      ...place,
      reference: `INV ${ordinal}`,
      remittance: 'Grüße',
      amount: BigInt(ordinal + 1),
      leaf: randomBytes(32),
      ...item(ordinal),
    }),
  );
  await home.inTenant((stores) => stores.items.insert(id, rows));
  // The first content of a batch does this; these batches have none.
  await world.sql('UPDATE batch_counter SET open = $2 WHERE batch_id = $1', [id, count]);
  return { id, rows };
};
const ask = <T>(question: (stores: Stores) => Promise<T>): Promise<T> => home.inTenant(question);
const statesOf = async (id: string) => (await ask(({ items }) => items.range(id, 0, 100))).map((item) => item.state);
const ordinals = (rows: readonly { ordinal: number }[]) => rows.map(({ ordinal }) => ordinal);

describe('items', () => {
  test('any number of them comes back as it went in, also when it takes several statements', async () => {
    const place = await payee('Ana');
    const { id, rows } = await filled(10_001, place);
    expect(await ask(({ items }) => items.totals(id))).toEqual({ count: 10_001, total: (10_001n * 10_002n) / 2n, nextOrdinal: 10_001 });
    for (const at of [0, 4_999, 5_000, 10_000]) {
      const row = rows[at] as NewItem;
      const [got] = await ask(({ items }) => items.range(id, at, at + 1));
      expect({ ...got, leaf: Buffer.from(got?.leaf ?? []) }).toEqual({
        ...row,
        state: 'pending',
        rank: 0,
        version: 0,
        attempt: 0,
        providerReference: null,
        reason: null,
      });
    }
    expect(ordinals(await ask(({ items }) => items.range(id, 9_998, 20_000)))).toEqual([9_998, 9_999, 10_000]);
  });

  test('no read and no change reaches items of another workspace [S1-02]', async () => {
    const { id } = await filled(3, await payee('Ana'));
    const theirs = await away.inTenant(async ({ items }) => ({
      list: (await items.list(id, { limit: 10 })).rows,
      range: await items.range(id, 0, 3),
      largest: await items.largest(id, 3),
      totals: (await items.totals(id)).count,
      duplicates: await items.duplicates(id, 10),
    }));
    expect(theirs).toEqual({
      list: [],
      range: [],
      largest: [],
      totals: 0,
      duplicates: [],
    });
    await expect(away.inTenant(({ items }) => items.insert(id, [{ ...blank(), ordinal: 9 }]))).rejects.toThrow();
    const stone = { ordinal: 0, leaf: randomBytes(32) };
    await expect(away.inTenant(({ items }) => items.withdraw(id, world.services.entropy.newId(), [stone]))).rejects.toThrow(/not withdrawn/);
    expect(await statesOf(id)).toEqual(['pending', 'pending', 'pending']);
  });

  const blank = (): NewItem => ({
    ordinal: 0,
    payeeId: world.services.entropy.newId(),
    destinationId: world.services.entropy.newId(),
    reference: 'x',
    remittance: '',
    amount: 1n,
    leaf: randomBytes(32),
  });

  test('an item cannot point at a destination that the workspace does not have', async () => {
    const { id } = await empty();
    await expect(ask(({ items }) => items.insert(id, [blank()]))).rejects.toThrow();
  });

  test('pages by ordinal, filtered by state', async () => {
    const { id } = await filled(6, await payee('Ana'));
    await ask(({ items }) =>
      items.withdraw(
        id,
        world.services.entropy.newId(),
        [1, 4].map((ordinal) => ({ ordinal, leaf: randomBytes(32) })),
      ),
    );
    const first = await ask(({ items }) => items.list(id, { limit: 3, state: 'pending' }));
    expect([ordinals(first.rows), first.hasMore]).toEqual([[0, 2, 3], true]);
    const second = await ask(({ items }) => items.list(id, { limit: 3, afterOrdinal: 3, state: 'pending' }));
    expect([ordinals(second.rows), second.hasMore]).toEqual([[5], false]);
    expect(ordinals((await ask(({ items }) => items.list(id, { limit: 9, state: 'excluded' }))).rows)).toEqual([1, 4]);
  });

  test('excluding writes leaf, version and transition of what was pending, and leaves the rest alone', async () => {
    const { id } = await filled(4, await payee('Ana'));
    const eventId = world.services.entropy.newId();
    const stones = [3, 1, 1, 99].map((ordinal) => ({ ordinal, leaf: Buffer.alloc(32, ordinal) }));
    const withdrawn = await ask(({ items }) => items.withdraw(id, eventId, stones));
    expect(withdrawn).toMatchObject({ count: 2, amount: 6n });
    expect(await ask(({ items }) => items.withdraw(id, world.services.entropy.newId(), stones))).toBeNull();
    expect(await ask(({ items }) => items.range(id, 3, 4))).toMatchObject([{ state: 'excluded', version: 1, leaf: Buffer.alloc(32, 3) }]);
    expect(stepsOf(withdrawn?.body ?? '')).toMatchObject([1, 3].map((ordinal) => ({ ordinal, version: 1, from: 'pending', to: 'excluded' })));
    expect(await world.sql(`SELECT event_id, body FROM transition_block WHERE batch_id = $1`, [id])).toEqual([
      { event_id: eventId, body: withdrawn?.body },
    ]);
  });

  test('the largest items that would be paid come first, equal ones in the order of the batch', async () => {
    const { id } = await filled(5, await payee('Ana'), (ordinal) => ({ amount: BigInt([5, 9, 9, 1, 7][ordinal] as number) }));
    expect(ordinals(await ask(({ items }) => items.largest(id, 3)))).toEqual([1, 2, 4]);
    await ask(({ items }) => items.withdraw(id, world.services.entropy.newId(), [{ ordinal: 1, leaf: randomBytes(32) }]));
    expect(ordinals(await ask(({ items }) => items.largest(id, 9)))).toEqual([2, 4, 0, 3]);
  });

  test('repeats are reported from the second on, by payee, amount and reference together', async () => {
    const [ana, bo] = [await payee('Ana'), await payee('Bo')];
    const { id } = await filled(6, ana, (ordinal) => ({
      ...(ordinal === 5 ? bo : {}),
      amount: ordinal === 4 ? 2n : 1n,
      reference: ordinal === 3 ? 'other' : 'same',
    }));
    expect(await ask(({ items }) => items.duplicates(id, 10))).toEqual([1, 2]);
    expect(await ask(({ items }) => items.duplicates(id, 1))).toEqual([1]);
    await ask(({ items }) => items.withdraw(id, world.services.entropy.newId(), [{ ordinal: 0, leaf: randomBytes(32) }]));
    expect(await ask(({ items }) => items.duplicates(id, 10))).toEqual([2]);
  });
});
