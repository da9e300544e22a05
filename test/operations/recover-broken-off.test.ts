import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { lookUpDue } from '../../operations/chunk/look-up-due.js';
import { payChunk } from '../../operations/chunk/pay.js';
import type { Context } from '../../operations/context.js';
import { cancelPayoutBatch } from '../../operations/payout-batch/cancel.js';
import type { Services } from '../../operations/ports.js';
import type { PaymentList, Rail } from '../../operations/rail.js';
import { recoverAll } from '../../relay/recover.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';
import { confirmedRecovery } from '../world/proposals.js';
import { RECOVERING, recoveryOf } from '../world/recovery.js';
import { must } from '../world/wire.js';

jest.setTimeout(120_000);

/** A recovery that dies, a provider that does not say what it has, and a connection that can't be asked. */

const quiet = () => {};
const CHUNK = 128;

let world: PayingWorld;
let lost: ReturnType<typeof recoveryOf>;
beforeAll(async () => {
  world = await openPayingWorld();
  lost = recoveryOf(world);
});
beforeEach(() => world.connect({ endpoint: 'single' }));
afterAll(() => world?.close());

const real = (): Rail => world.services.rails.get('sandbox') as Rail;
const listing = (listSince: Rail['listSince']): Services['rails'] => new Map([['sandbox', { ...real(), listSince }]]);
const silent = (): Services['rails'] => listing(async () => ({ unavailable: true }));
/** The versions of its settings in which the connection did not say what it has, as people hear of it. */
const unheard = async (): Promise<number[]> => {
  const rows = await world.sql<{ connection_id: string; batch_id: string | null; versions: number[] }>(
    `SELECT connection_id, batch_id, detail -> 'versions' AS versions FROM exception WHERE kind = 'recovery_unheard' AND resolved_at IS NULL`,
  );
  expect(rows).toEqual([{ connection_id: world.home.connectionId, batch_id: null, versions: expect.anything() }]);
  await world.sql(`UPDATE exception SET resolved_at = now(), resolution = 'looked_into' WHERE kind = 'recovery_unheard'`);
  return rows[0]?.versions ?? [];
};
/** The first version of every world leads nowhere. */
const NOWHERE = 1;
const newest = async (): Promise<number> => (await world.sql<{ n: number }>('SELECT max(version)::int AS n FROM rail_connection_version'))[0]?.n ?? 0;
const cancelling = async (batchId: string) => cancelPayoutBatch(world.as(await world.person('admin')), { batch_id: batchId });
const IN_DOUBT = { ok: false, refusal: { code: 'batch_in_doubt' } };
const authorized = async (count: number): Promise<string> => {
  const batchId = await world.queued(tokens(count));
  await world.openUpTo('authorize', batchId);
  await world.sequence();
  return batchId;
};
const execute = async (batchId: string): Promise<void> => {
  const executor = await world.person('executor');
  must(await world.tryGate(executor, 'execute', batchId, await world.challenge(executor, 'execute', batchId)));
  await world.sequence();
};

test('a recovery that dies before any of its steps goes on, and puts nothing in doubt twice', async () => {
  const batchId = await world.executing(tokens(CHUNK * 2));
  await world.sequence();
  await lost.sentByTheLost(batchId, 0);
  await confirmedRecovery(world);
  /** Pages of 50, so that it can die between two of them. */
  const paged: Rail['listSince'] = async (connection, since, after): Promise<PaymentList> => {
    const [place, from] = (after ?? '\n0').split('\n');
    const page = await real().listSince(connection, since, place || null);
    if ('unavailable' in page) return page;
    const next = Number(from) + 50 < page.outcomes.length ? `${place}\n${Number(from) + 50}` : page.next && `${page.next}\n0`;
    return { outcomes: page.outcomes.slice(Number(from), Number(from) + 50), next };
  };
  const passed = { transaction: 0, endRuns: 0, startGeneration: 0, page: 0 };
  // Dies before each step in turn: transactions, and what is done outside the database.
  for (let dies = 1; ; dies++) {
    let steps = 0;
    const step = (name: keyof typeof passed): void => {
      if (++steps === dies) throw new Error('died');
      passed[name]++;
    };
    const rails = listing(async (...asked) => {
      step('page');
      return paged(...asked);
    });
    const ctx = world.worker({ ...RECOVERING, rails });
    const dying: Context = {
      ...ctx,
      inTenant: async (work, options) => {
        step('transaction');
        return ctx.inTenant(work, options);
      },
    };
    const done = await lost
      .carryOut(dying, {
        endRuns: async () => step('endRuns'),
        archive: {
          startGeneration: async (...start) => {
            step('startGeneration');
            return world.archive.startGeneration(...start);
          },
        },
      })
      .catch(() => 0);
    if (done === 1) break;
    expect(dies).toBeLessThan(100);
  }
  for (const times of Object.values(passed)) expect(times).toBeGreaterThan(1);
  const rows = await world.sql<{ chunk: number; purpose: string }>(
    'SELECT chunk, purpose FROM dispatch WHERE batch_id = $1 ORDER BY chunk, attempt',
    [batchId],
  );
  expect(rows).toEqual([
    { chunk: 0, purpose: 'recovery' },
    { chunk: 1, purpose: 'recovery' },
  ]);
  expect(await world.archive.generation(world.home.tenantId)).toBe(2);
  expect(await unheard()).toEqual([NOWHERE]);
  await world.sequence();
  await lost.resume(batchId);
  expect(await lost.drive(batchId)).toBe('completed');
  expect(await world.broken()).toEqual([]);
});

describe('a provider that does not say what it has', () => {
  test('people hear of its connection, and no batch of it is ended as unsent', async () => {
    const batchId = await authorized(3);
    await lost.sentByTheLost(batchId, 0);
    const before = (await world.provider.books()).count;
    await lost.recover(world.worker({ ...RECOVERING, rails: silent() }));
    expect(await unheard()).toContain(await newest());
    expect(await cancelling(batchId)).toMatchObject(IN_DOUBT);
    // Nor by SQL alone: the database keeps it for its execute gate.
    for (const state of ['cancelled', 'rejected', 'expired'])
      await expect(
        world.sql(`UPDATE batch_control SET state = $2, row_version = row_version + 1 WHERE batch_id = $1`, [batchId, state]),
      ).rejects.toThrow('may have been paid before a restore');
    await execute(batchId);
    expect(await lost.drive(batchId)).toBe('completed');
    expect((await world.provider.books()).count).toBe(before);
    expect(await world.broken()).toEqual([]);
  });

  test('an answer that breaks off after a page counts as none', async () => {
    const batchId = await authorized(2);
    let pages = 0;
    const rails = listing(async (connection, since, after) => {
      if (connection.settings['base_url'] !== world.provider.url || ++pages % 2 === 0) return { unavailable: true };
      const page = await real().listSince(connection, since, after);
      return 'unavailable' in page ? page : { outcomes: page.outcomes, next: 'more' };
    });
    await lost.recover(world.worker({ ...RECOVERING, rails }));
    expect(await unheard()).toContain(await newest());
    expect(await cancelling(batchId)).toMatchObject(IN_DOUBT);
  });
});

describe('a connection that is not what it was', () => {
  test('what was sent through an older version of its settings is found there', async () => {
    const [batchId, unsent] = [await world.executing(tokens(2)), await authorized(2)];
    await lost.sentByTheLost(batchId, 0);
    await world.connect({ endpoint: 'single', base_url: 'http://127.0.0.1:9', timeout_ms: 200 });
    const later = await authorized(2);
    await lost.recover();
    // The newer version leads nowhere, which people hear of; the older one has said what it paid, and what not.
    expect(await unheard()).toEqual([NOWHERE, await newest()]);
    expect(await world.counter(batchId)).toMatchObject({ paid: 2, open: 0 });
    expect(await cancelling(unsent)).toMatchObject({ ok: true });
    expect(await cancelling(later)).toMatchObject(IN_DOUBT);
    expect(await world.broken()).toEqual([]);
  });

  test('settings that are not the signed ones: the items are in doubt all the same, and nothing is sent', async () => {
    const batchId = await world.executing(tokens(2));
    const before = (await world.provider.books()).count;
    const signed = await world.sql<{ connection_settings: Buffer }>('SELECT connection_settings FROM payout_batch WHERE id = $1', [batchId]);
    await world.sql(`ALTER TABLE payout_batch DISABLE TRIGGER USER`);
    const set = (hash: Buffer) => world.sql('UPDATE payout_batch SET connection_settings = $2 WHERE id = $1', [batchId, hash]);
    await set(Buffer.alloc(32));
    await lost.recover();
    await unheard();
    await lost.resume(batchId);
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
    await lookUpDue(world.worker(), batchId, quiet);
    expect((await world.provider.books()).count).toBe(before);
    expect((await world.view(batchId))?.control.integrityFailedAt).not.toBeNull();
    const items = await world.worker().inTenant((stores) => stores.items.range(batchId, 0, 2));
    expect(items.map(({ state }) => state)).toEqual(['submitting', 'submitting']);
    await set(signed[0]?.connection_settings ?? Buffer.alloc(0));
    await world.sql(`ALTER TABLE payout_batch ENABLE TRIGGER USER`);
  });

  test('credentials that do not open: people hear of it, and the recovery ends', async () => {
    const batchId = await authorized(2);
    await world.sql('UPDATE rail_connection SET sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1) WHERE id = $1', [world.home.connectionId]);
    await lost.recover();
    expect(await unheard()).toContain(await newest());
    await world.connect({ endpoint: 'single' });
    expect(await cancelling(batchId)).toMatchObject(IN_DOUBT);
  });
});

test('a workspace that can not be recovered keeps no other from it', async () => {
  await confirmedRecovery(world);
  const stranger = randomUUID();
  const passing = recoverAll({
    tenantsToDrain: async () => [stranger, world.home.tenantId],
    contextOf: async (tenantId) => {
      if (tenantId === stranger) throw new Error('its keys are gone');
      return world.worker(RECOVERING);
    },
    workflows: { look: async () => ({ kind: 'absent' }), end: async () => {} },
    archive: world.archive,
  });
  await expect(passing).rejects.toThrow('its keys are gone');
  const [row] = await world.sql<{ state: string }>(`SELECT state FROM proposal WHERE choice = 'recover' ORDER BY id DESC LIMIT 1`);
  expect(row).toEqual({ state: 'applied' });
});
