import { personBehind } from '../../domain/actors.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { DestinationRow, PayeeRow } from '../stores/payees.js';
import type { PlannedDestination, PlannedPayee } from './plan.js';
import { newDestination, sealName } from './sealing.js';

/** Ids that were written, kept over several rounds, so that a later one does not take for found what an earlier one made. */
export interface Made {
  payees: Set<string>;
  destinations: Set<string>;
}

/** The row of each planned version. */
export type Written = ReadonlyMap<PlannedDestination, DestinationRow>;

/**
 * Writes new payees with their keys, and new destination versions, in three statements. Null when somebody else was
 * first with a reference or a version: of those nothing is written, and the caller reads and plans again.
 */
export const writePayees = async (ctx: Context, stores: Stores, planned: readonly PlannedPayee[], made: Made): Promise<Written | null> => {
  // One order for all writers of the same payees, so that they wait for each other and never in a circle.
  const payees = [...new Set(planned)].filter(({ added }) => added.length > 0).sort((a, b) => (a.reference < b.reference ? -1 : 1));
  const fresh = await newPayees(ctx, stores, payees);
  const rows = [...fresh.values()];
  const inserted = rows.length > 0 ? await stores.payees.insert(rows.map(({ row }) => row)) : new Set<string>();
  const subjects = rows.filter(({ row }) => inserted.has(row.reference)).map(({ row, wrapped }) => ({ subjectId: row.id, wrapped }));
  if (subjects.length > 0) await stores.keys.insertSubjectKeys(subjects);
  for (const { subjectId } of subjects) made.payees.add(subjectId);

  const destinations = new Map<PlannedDestination, DestinationRow>();
  for (const payee of payees) {
    const owner = ownerOf(payee, fresh);
    if (!payee.known && !inserted.has(payee.reference)) continue;
    for (const [i, added] of payee.added.entries()) {
      const of = { ...owner, version: owner.newestVersion + 1 + i, createdBy: personBehind(ctx.actor) };
      destinations.set(added, newDestination(ctx, of, added.sentTo, added.fingerprint));
    }
  }
  const kept = destinations.size > 0 ? await stores.payees.insertDestinations([...destinations.values()]) : new Set<string>();
  for (const id of kept) made.destinations.add(id);
  return inserted.size === rows.length && kept.size === destinations.size ? destinations : null;
};

type NewPayee = { row: Omit<PayeeRow, 'createdAt' | 'heldAt'>; key: Uint8Array; wrapped: Uint8Array };

const newPayees = async (ctx: Context, stores: Stores, payees: readonly PlannedPayee[]): Promise<Map<string, NewPayee>> => {
  const fresh = new Map<string, NewPayee>();
  for (const { reference, known, added } of payees) {
    const first = added[0]?.sentTo;
    if (known || !first) continue;
    const id = ctx.services.entropy.newId();
    const { key, wrapped } = await ctx.services.vault.newSubjectKey(stores.keys, ctx.tenantId, id);
    const row = { id, reference, payeeType: first.payeeType, country: first.country, sealedName: sealName(ctx, key, id, first.name) };
    fresh.set(reference, { row, key, wrapped });
  }
  return fresh;
};

const ownerOf = (
  { reference, known }: PlannedPayee,
  fresh: ReadonlyMap<string, NewPayee>,
): { key: Uint8Array; payeeId: string; newestVersion: number } => {
  const made = fresh.get(reference);
  if (made) return { key: made.key, payeeId: made.row.id, newestVersion: 0 };
  if (!known?.key) throw new Error(`payee ${reference} has no key to seal a destination under`);
  return { key: known.key, payeeId: known.payee.id, newestVersion: known.newest?.version ?? 0 };
};
