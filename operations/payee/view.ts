import type { z } from 'zod';
import type { payee } from '../../contracts/payees.js';
import { toWireId } from '../../domain/ids.js';
import type { Context } from '../context.js';
import { type NameOf, nameDoneBy } from '../done-by.js';
import type { Stores } from '../ports.js';
import type { DestinationRow, PayeeHold, PayeeRow } from '../stores/payees.js';
import { openDestination, openName } from './sealing.js';

export type WirePayee = z.infer<typeof payee>;

export interface PayeeWithDestination {
  payee: PayeeRow;
  /** The newest version; null when the payee has none. */
  destination: DestinationRow | null;
}

/** Payees in their wire form: the name as it would be sent now, destinations masked. The number of statements does not grow with the rows. */
export const toWirePayees = async (ctx: Context, stores: Stores, rows: readonly PayeeWithDestination[]): Promise<WirePayee[]> => {
  const names = await namesOf(ctx, stores, rows);
  const holds = await stores.payees.holds(rows.map(({ payee }) => payee));
  const nameOf = await nameDoneBy(stores, [...holds.values()]);
  return rows.map(({ payee, destination }) => ({
    object: 'payee',
    id: toWireId('payee', payee.id),
    reference: payee.reference,
    name: names.get(payee.id) ?? null,
    payee_type: payee.payeeType,
    country: payee.country,
    held: payee.heldAt !== null,
    hold: payee.heldAt && wireHold(payee.heldAt, holds.get(payee.id), nameOf),
    created_at: payee.createdAt.toISOString(),
    destination: destination && {
      object: 'destination',
      id: toWireId('destination', destination.id),
      version: destination.version,
      kind: destination.kind,
      masked: destination.masked,
    },
  }));
};

/** A payee that was held before it was kept by whom has no row of its hold. */
const wireHold = (heldAt: Date, hold: PayeeHold | undefined, nameOf: NameOf): WirePayee['hold'] => ({
  held_at: heldAt.toISOString(),
  held_by: hold ? nameOf(hold) : null,
  reason: hold?.reason ?? null,
});

/** Names by payee id; a deleted person has none. The newest destination's name counts, because it may differ from the first one. */
export const namesOf = async (ctx: Context, stores: Stores, rows: readonly PayeeWithDestination[]): Promise<Map<string, string>> => {
  if (rows.length === 0) return new Map();
  const stored = await stores.keys.subjectKeys([...new Set(rows.map(({ payee }) => payee.id))]);
  const keys = await ctx.services.vault.subjectKeys(stores.keys, ctx.tenantId, stored);
  const names = new Map<string, string>();
  for (const { payee, destination } of rows) {
    const key = keys.get(payee.id);
    if (key) names.set(payee.id, destination ? openDestination(ctx, key, destination).sentTo.name : openName(ctx, key, payee.id, payee.sealedName));
  }
  return names;
};
