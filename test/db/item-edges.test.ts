import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { toItemId } from '../../domain/ids.js';
import { EVIDENCE_OUTCOMES } from '../../domain/item/evidence.js';
import { ITEM_EDGES, ITEM_STATES, type ItemState, isTerminalItem } from '../../domain/item/states.js';
import { type ItemTransition, transitionBlock } from '../../domain/item/transitions.js';
import { postingFor } from '../../domain/ledger/postings.js';
import { settleEvidence } from '../../operations/settlement/settle.js';
import { systemEntropy } from '../../vault/entropy.js';
import { brokenInvariants } from '../harness/invariants.js';
import { openWorld, type World } from '../world/open.js';
import { dispatch, sendFirst } from '../world/sent.js';

jest.setTimeout(120_000);

const { newId } = systemEntropy;

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const executing = async (amounts?: bigint[]) => {
  const batch = await world.batch(amounts ? { amounts } : {});
  await world.openUpTo('execute', batch.id);
  return batch;
};

/** Asks the database to move one item of a batch, as the worker, and takes it back. Null when the database moves it. */
const move = async (batchId: string, from: ItemState, to: ItemState, version = 1, chunk: number | null = 0): Promise<string | null> => {
  const step: ItemTransition = { ordinal: 0, version, from, to, rank: 0, source: 'answer', inboundId: null, providerReference: null, reason: null };
  const block = { eventId: newId(), body: transitionBlock({ source: 'answer', chunk }, [step]) };
  const undo = new Error('taken back on purpose');
  const moved = world.worker().inTenant(async (stores) => {
    await stores.chunks.moveItems(batchId, [block], { unknownMs: 1, submittedMs: 1 });
    throw undo;
  });
  const error = await moved.catch((reason: Error) => reason);
  return error === undo ? null : error.message;
};

test('the edges of the database and what each posts are those of the domain', async () => {
  const rows = await world.sql('SELECT from_state, to_state, frees, kind, debit, credit FROM item_edge ORDER BY 1, 2');
  const edges = ITEM_STATES.flatMap((from) =>
    ITEM_EDGES[from].map((to) => {
      const posting = postingFor(from, to);
      const frees = !isTerminalItem(from) && isTerminalItem(to);
      return { from_state: from, to_state: to, frees, kind: posting?.kind ?? null, debit: posting?.debit ?? null, credit: posting?.credit ?? null };
    }),
  );
  const byName = (a: { from_state: string; to_state: string }, b: typeof a) =>
    `${a.from_state} ${a.to_state}` < `${b.from_state} ${b.to_state}` ? -1 : 1;
  expect(rows).toEqual(edges.sort(byName));
});

describe('the worker moves items along their edges alone (R6, R18)', () => {
  test.each([
    ['paid', 'pending'],
    ['paid', 'unknown'],
    ['submitting', 'cancelled'],
    ['pending', 'paid'],
    ['pending', 'submitting'],
  ] as const)('%s → %s is refused', async (from, to) => {
    const { id } = await executing();
    expect(await move(id, from, to)).toMatch(/does not move along such an edge/);
  });

  test('an item that was not dispatched is not settled, and one that was is not blocked', async () => {
    const { id } = await executing();
    expect(await move(id, 'submitting', 'paid')).toMatch(/moved meanwhile/);
    await dispatch(world, id, [0]);
    expect(await move(id, 'pending', 'blocked')).toMatch(/moved meanwhile/);
    expect(await move(id, 'submitting', 'paid', 2)).toMatch(/moved meanwhile/);
    expect(await move(id, 'submitting', 'paid')).toBeNull();
  });

  test('a block names the chunk of its items: without one, what was sent could be blocked and its money given back', async () => {
    const { id } = await executing();
    await dispatch(world, id, [0]);
    for (const chunk of [null, 1]) expect(await move(id, 'pending', 'blocked', 1, chunk)).toMatch(/items of another chunk/);
  });

  test('nothing may have left before a restore that nobody has confirmed, and of no batch that does not execute', async () => {
    const { id } = await executing();
    await expect(dispatch(world, id, [0], 0, 'recovery')).rejects.toThrow(/confirmed by two people/);
    const { id: waiting } = await world.batch();
    await expect(dispatch(world, waiting, [0], 0, 'recovery')).rejects.toThrow(/only an executing batch/);
  });

  test('only an executing batch is dispatched', async () => {
    const { id } = await world.batch();
    await expect(dispatch(world, id, [0])).rejects.toThrow(/only an executing batch/);
  });
});

describe('money follows the items, in the database itself (R16)', () => {
  test('evidence posts also when the held account lacks the money: suspense covers it', async () => {
    const { id, total } = await executing();
    await dispatch(world, id, [0, 1]);
    const held = await world.balance(world.home.held);
    // Somebody who owns the tables takes the money away.
    const take = (from: string, to: string, kind: string) =>
      world.sql(
        `INSERT INTO transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, kind, event_id) VALUES ($1, $2, $3, $4, $5, 'EUR', $6, $2)`,
        [world.home.tenantId, newId(), from, to, held, kind],
      );
    await take(world.home.held, world.home.external, 'release');
    const outcomes = [0, 1].map((ordinal) => ({
      ...({
        key: toItemId(id, ordinal),
        outcome: 'paid',
        rank: 1,
        providerReference: `p${ordinal}`,
        reason: null,
        amount: null,
        currency: null,
      } as const),
    }));
    expect(await settleEvidence(world.worker(), { batchId: id, connectionId: world.home.connectionId, source: 'answer', outcomes })).toMatchObject({
      moved: 2,
    });
    expect(await world.balance(world.home.held)).toBe(0n);
    const covers = await world.sql<{ amount: string }>(`SELECT amount FROM transfer WHERE batch_id = $1 AND kind = 'cover'`, [id]);
    expect(covers).toEqual([{ amount: total.toString() }]);
    const [suspense] = await world.sql<{ id: string }>(`SELECT id FROM account WHERE kind = 'suspense' AND currency = 'EUR'`);
    await take(world.home.external, world.home.held, 'top_up');
    await world.sql(
      `INSERT INTO transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, kind, event_id) VALUES ($1, $2, $3, $4, $5, 'EUR', 'release', $2)`,
      [world.home.tenantId, newId(), world.home.held, suspense?.id, total],
    );
  });

  test('any evidence in any order leaves states, transfers, holds and counters that agree', async () => {
    const outcome = fc.constantFrom(...EVIDENCE_OUTCOMES);
    const pieces = fc.array(fc.record({ ordinal: fc.nat(4), outcome, rank: fc.nat(3) }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { minLength: 1, maxLength: 4 }), async (groups) => {
        const { id } = await executing([1n, 20n, 300n, 4_000n, 50_000n]);
        await sendFirst(world, id, ['submitting', 'submitting', 'submitting', 'submitting']);
        for (const group of groups) {
          const outcomes = group.map((piece) => ({
            ...{ key: toItemId(id, piece.ordinal), outcome: piece.outcome, rank: piece.rank },
            ...{ providerReference: `pay_${piece.ordinal}`, reason: null, amount: null, currency: null },
          }));
          await settleEvidence(world.worker(), { batchId: id, connectionId: world.home.connectionId, source: 'webhook', outcomes });
        }
        const broken = await brokenInvariants(world.database.ownerUrl, [world.home.tenantId], { duplicates: 0, payments: [] });
        expect(broken.filter((line) => !line.startsWith('I1') && !line.includes('three people') && !line.includes('every transfer'))).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });
});
