import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ITEM_EDGES, ITEM_STATES, type ItemState, isTerminalItem } from '../../domain/item/states.js';
import { type AccountKind, postingFor, TRANSFER_KINDS } from '../../domain/ledger/postings.js';

/** Paths along the edges of the table, from `pending`. */
const walk = fc.array(fc.nat(9), { maxLength: 12 }).map((choices) => {
  const path: ItemState[] = ['pending'];
  for (const choice of choices) {
    const edges = ITEM_EDGES[path.at(-1) as ItemState];
    const next = edges[choice % Math.max(1, edges.length)];
    if (!next) break;
    path.push(next);
  }
  return path;
});

const balancesAfter = (path: readonly ItemState[], amount: bigint): Map<AccountKind, bigint> => {
  const balances = new Map<AccountKind, bigint>([['held', amount]]);
  for (let i = 1; i < path.length; i++) {
    const posting = postingFor(path[i - 1] as ItemState, path[i] as ItemState);
    if (!posting) continue;
    balances.set(posting.debit, (balances.get(posting.debit) ?? 0n) - amount);
    balances.set(posting.credit, (balances.get(posting.credit) ?? 0n) + amount);
  }
  return balances;
};

const PLACE: Partial<Record<ItemState, AccountKind>> = {
  paid: 'paid_out',
  returned: 'returns',
  failed: 'funding',
  cancelled: 'funding',
  excluded: 'funding',
  blocked: 'funding',
};

describe('what transitions post (R16)', () => {
  test('on every path the money is in exactly one place, and none is made or lost', () => {
    fc.assert(
      fc.property(walk, fc.bigInt({ min: 1n, max: 10n ** 15n }), (path, amount) => {
        const balances = balancesAfter(path, amount);
        const place = PLACE[path.at(-1) as ItemState] ?? 'held';
        expect([...balances.values()].reduce((sum, balance) => sum + balance, 0n)).toBe(amount);
        for (const [kind, balance] of balances) expect(balance).toBe(kind === place ? amount : 0n);
      }),
      { numRuns: 1_000 },
    );
  });

  test('money leaves `held` exactly when an item becomes terminal', () => {
    for (const from of ITEM_STATES)
      for (const to of ITEM_EDGES[from]) {
        const posting = postingFor(from, to);
        expect(posting?.debit === 'held').toBe(!isTerminalItem(from) && isTerminalItem(to));
        expect(posting?.credit).not.toBe('held');
      }
  });

  test('every edge has a kind that the ledger knows', () => {
    for (const from of ITEM_STATES) for (const to of ITEM_EDGES[from]) expect([undefined, ...TRANSFER_KINDS]).toContain(postingFor(from, to)?.kind);
  });
});
