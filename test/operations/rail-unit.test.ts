import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createBatch } from '../../contracts/batches.js';
import { toItemId } from '../../domain/ids.js';
import { payChunk } from '../../operations/chunk/pay.js';
import { resolveItems } from '../../operations/chunk/resolve.js';
import type { Context } from '../../operations/context.js';
import { createPayoutBatch } from '../../operations/payout-batch/create.js';
import type { Services } from '../../operations/ports.js';
import type { Rail, RailCapabilities } from '../../operations/rail.js';
import { openPayingWorld, type PayingWorld } from '../world/paying.js';

jest.setTimeout(120_000);

let world: PayingWorld;
beforeAll(async () => {
  world = await openPayingWorld();
});
afterAll(() => world?.close());

const quiet = () => {};
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex');

/** The sandbox rail as one of this unit; what the provider does not have is absent for good. */
const railsOf = (change: Partial<RailCapabilities>): Services['rails'] => {
  const real = world.services.rails.get('sandbox') as Rail;
  const rail: Rail = {
    ...real,
    capabilities: (connection) => ({ ...real.capabilities(connection), ...change }),
    lookup: async (connection, keys) => real.lookup(connection, keys, new Map(keys.map((key) => [key, 1e12]))),
  };
  return new Map([['sandbox', rail]]);
};
const onRails = (ctx: Context, rails: Services['rails']): Context => ({ ...ctx, services: { ...ctx.services, rails } });

describe('what is sent again as one (R20)', () => {
  test.each([
    ['item', [1, 2]],
    ['chunk', [0, 1, 2]],
    ['batch', [0, 1, 2]],
  ] as const)('%s: of a chunk in which two payments were lost, %j', async (unit, again) => {
    const rails = railsOf({ unit });
    // The provider refuses the first request with each of these two, and takes the second one in.
    const batchId = await world.executing(['acct', 'refused', 'refused']);
    await payChunk(world.worker({ rails }), { batchId, chunk: 0 }, quiet);
    expect(await world.counter(batchId)).toMatchObject({ open: 2, unknown: 2, paid: 1 });
    await world.sql('ALTER TABLE dispatch DISABLE TRIGGER dispatch_append_only');
    await world.sql(`UPDATE dispatch SET sent_from = sent_from - interval '1 hour', lease_until = lease_until - interval '1 hour'`);
    await world.sql('ALTER TABLE dispatch ENABLE TRIGGER dispatch_append_only');
    const sent: string[][] = [];
    const rail = rails.get('sandbox') as Rail;
    const watched: Rail = {
      ...rail,
      send: (connection, artefact, sending) => {
        sent.push(artefact.payments.map(({ key }) => key));
        return rail.send(connection, artefact, sending);
      },
    };
    await resolveItems(world.worker({ rails: new Map([['sandbox', watched]]) }), { batchId, chunk: 0, ordinals: [1, 2] }, quiet);
    expect(sent).toEqual([again.map((ordinal) => toItemId(batchId, ordinal))]);
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: 3 });
    const [first, second] = await world.worker().inTenant((stores) => stores.dispatches.ofChunks(batchId, [0]));
    expect(second?.itemCount).toBe(again.length);
    expect(hex(second?.artefactHash) === hex(first?.artefactHash)).toBe(unit !== 'item');
    expect(await world.broken()).toEqual([]);
  });
});

describe('a rail that pays a batch as one', () => {
  const create = (count: number, rails: Services['rails']) => {
    const items = Array.from({ length: count }, (_, i) => ({
      amount: 100,
      reference: `one-${i}`,
      payee: { reference: `one-${i}`, name: `Payee ${i}`, payee_type: 'individual', country: 'DE', account_token: `acct_${i}` },
    }));
    const body = createBatch.parse({ currency: 'EUR', rail: 'sandbox', items });
    return createPayoutBatch(onRails(world.as(world.preparer), rails), { ...body, validate_only: true });
  };

  test('takes no batch that one artefact cannot hold', async () => {
    expect(await create(5, railsOf({ unit: 'batch', chunkSize: 4 }))).toMatchObject({
      ok: false,
      refusal: { errors: [{ field: 'items', reason: 'too_many_for_rail' }] },
    });
    expect(await create(4, railsOf({ unit: 'batch', chunkSize: 4 }))).toMatchObject({ ok: true });
    expect(await create(5, railsOf({ unit: 'chunk', chunkSize: 4 }))).toMatchObject({ ok: true });
  });
});
