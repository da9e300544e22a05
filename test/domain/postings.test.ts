import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ITEM_EDGES, ITEM_STATES, type ItemState, isTerminalItem } from '../../domain/item/states.js';
import {
  type AccountKind,
  coverEntries,
  DECISION_POSTING,
  mayNeedCover,
  netByKind,
  type PricedTransition,
  postingFor,
  TRANSFER_KINDS,
  transitionEntries,
} from '../../domain/ledger/postings.js';

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

const amounts = fc.bigInt({ min: 1n, max: 10n ** 15n });
/** Transitions of some items, each along an edge of the table. */
const transitions = fc.array(
  fc.tuple(fc.constantFrom(...ITEM_STATES), fc.nat(9), amounts, fc.nat(20)).chain(([from, choice, amount, version]) => {
    const to = ITEM_EDGES[from][choice % Math.max(1, ITEM_EDGES[from].length)];
    return fc.constant(to ? { from, to, amount, version } : null);
  }),
  { maxLength: 40 },
);
const ordered = transitions.map((some) => some.flatMap((one, ordinal): PricedTransition[] => (one ? [{ ordinal, ...one }] : [])));

/** Items by the account that their state puts the money in. */
const placed = (steps: readonly PricedTransition[], side: 'from' | 'to'): Map<AccountKind, bigint> => {
  const sums = new Map<AccountKind, bigint>();
  for (const step of steps) {
    const kind = PLACE[step[side]] ?? 'held';
    sums.set(kind, (sums.get(kind) ?? 0n) + step.amount);
  }
  return sums;
};

describe('what an event posts (R16)', () => {
  test('every decision moves money between two accounts, under a kind of its own', () => {
    for (const [decision, { kind, debit, credit }] of Object.entries(DECISION_POSTING)) {
      expect(kind).toBe(decision);
      expect(debit).not.toBe(credit);
    }
    // A cancel posts in one transfer the sum of what its items would post one by one.
    expect(DECISION_POSTING.void).toEqual(postingFor('pending', 'cancelled'));
  });

  test('an entry names its item and the version after the transition; a transition that moves no money has none', () => {
    const steps: PricedTransition[] = [
      { ordinal: 3, version: 1, from: 'submitting', to: 'paid', amount: 5n },
      { ordinal: 4, version: 1, from: 'submitting', to: 'unknown', amount: 7n },
      { ordinal: 9, version: 2, from: 'unknown', to: 'failed', amount: 2n },
    ];
    expect(transitionEntries(steps)).toEqual([
      { kind: 'settlement', debit: 'held', credit: 'paid_out', ordinal: 3, itemVersion: 2, amount: 5n },
      { kind: 'void', debit: 'held', credit: 'funding', ordinal: 9, itemVersion: 3, amount: 2n },
    ]);
  });

  test('entries of any transitions sum to the difference of where the money lies, and to zero', () => {
    fc.assert(
      fc.property(ordered, (steps) => {
        const net = netByKind(transitionEntries(steps));
        const [before, after] = [placed(steps, 'from'), placed(steps, 'to')];
        for (const kind of new Set([...net.keys(), ...before.keys(), ...after.keys()]))
          expect(net.get(kind) ?? 0n).toBe((after.get(kind) ?? 0n) - (before.get(kind) ?? 0n));
        expect([...net.values()].reduce((sum, one) => sum + one, 0n)).toBe(0n);
      }),
      { numRuns: 1_000 },
    );
  });

  test('covers bring every covered account to zero where it would end below, and nothing else moves', () => {
    const balance = fc.bigInt({ min: 0n, max: 10n ** 15n });
    fc.assert(
      fc.property(ordered, balance, balance, (steps, funding, returns) => {
        const entries = transitionEntries(steps);
        const net = netByKind(entries);
        const balances = new Map<AccountKind, bigint>([
          ['funding', funding],
          ['returns', returns],
        ]);
        const covers = coverEntries(net, balances);
        const covered = netByKind([...entries, ...covers]);
        for (const [kind, had] of balances) {
          const uncovered = had + (net.get(kind) ?? 0n);
          expect(had + (covered.get(kind) ?? 0n)).toBe(uncovered < 0n ? 0n : uncovered);
        }
        for (const cover of covers) {
          expect(cover).toMatchObject({ kind: 'cover', debit: 'suspense', ordinal: null, itemVersion: null });
          expect(cover.amount > 0n).toBe(true);
        }
        if (covers.length > 0) expect(mayNeedCover(net)).toBe(true);
        expect([...covered.values()].reduce((sum, one) => sum + one, 0n)).toBe(0n);
      }),
      { numRuns: 1_000 },
    );
  });

  test('paying never needs a cover, so its accounts are not locked; giving back and reversing may', () => {
    const netOf = (from: ItemState, to: ItemState) => netByKind(transitionEntries([{ ordinal: 0, version: 1, from, to, amount: 1n }]));
    expect(mayNeedCover(netOf('submitting', 'paid'))).toBe(false);
    expect(mayNeedCover(netOf('pending', 'submitting'))).toBe(false);
    for (const [from, to] of [
      ['submitting', 'failed'],
      ['paid', 'returned'],
      ['failed', 'paid'],
      ['returned', 'paid'],
    ] as const)
      expect(mayNeedCover(netOf(from, to))).toBe(true);
  });
});
