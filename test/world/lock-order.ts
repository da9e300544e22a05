import type { InTenant } from '../../operations/context.js';
import type { Stores } from '../../operations/ports.js';

/** Steps that take locks, by their place in the one order of R8. A step may come again, and after those of its own place. */
const ORDER: readonly (readonly string[])[] = [
  ['proposals.lock'],
  ['workspaces.lock', 'workspaces.lockShared'],
  ['planUse.hold'],
  ['batches.lock'],
  ['chunks.lockToSend', 'chunks.lockToSettle'],
  ['challenges.lock', 'factors.lock', 'apiKeys.lock'],
  ['passwords.hold', 'passwords.change', 'passwords.rehash'],
  ['invitations.put', 'invitations.revoke', 'invitations.revokeOfOperators', 'invitations.accept', 'emailLinks.issue'],
  ['accounts.lock'],
  ['chunks.moveItems', 'items.withdraw', 'holds.place', 'holds.release'],
  ['facts.seal'],
  ['exceptions.lock', 'exceptions.raise', 'exceptions.settleItems', 'exceptions.resolve', 'exceptions.end'],
  ['audit.append'],
];
const PLACE = new Map(ORDER.flatMap((names, place) => names.map((name) => [name, place] as const)));
/** It locks workspace and batch too, so it has to be the first of all. */
const FIRST = 'chunks.lockToSend';

/**
 * The same transactions, watched: one that takes a lock after another that comes later in the order throws, because two such transactions
 * can wait for each other in a circle (R8).
 */
export const watchLocks =
  (inTenant: InTenant): InTenant =>
  (work, options) =>
    inTenant((stores) => work(watched(stores)), options);

const watched = (stores: Stores): Stores => {
  let taken: { name: string; place: number } | null = null;
  const take = (name: string): void => {
    const place = PLACE.get(name);
    if (place === undefined) return;
    if (taken && (taken.place > place || name === FIRST)) throw new Error(`${name} after ${taken.name}: locks are taken in one order (R8)`);
    taken = { name, place };
  };
  const nouns = Object.entries(stores).map(([noun, store]) => {
    if (store instanceof Date) return [noun, store];
    const methods = Object.entries(store as Record<string, (...input: unknown[]) => unknown>).map(([name, method]) => {
      return [
        name,
        (...input: unknown[]) => {
          take(`${noun}.${name}`);
          return method.apply(store, input);
        },
      ];
    });
    return [noun, Object.fromEntries(methods)];
  });
  return Object.fromEntries(nouns) as Stores;
};
