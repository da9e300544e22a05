import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { ItemRow } from '../stores/items.js';
import type { DestinationRow, PayeeRow } from '../stores/payees.js';
import { openDestination } from './sealing.js';

/** Whom an item pays. */
export interface PaidTo {
  payee: PayeeRow;
  /** The version that the item names. */
  destination: DestinationRow;
  /** The name inside that version, which is what would be sent, and not the payee's present one; null once the person was deleted. */
  name: string | null;
}

type Item = Pick<ItemRow, 'ordinal' | 'payeeId' | 'destinationId'>;

/** Finds whom items pay. Four statements for any number. */
export const paidTo = async (ctx: Context, stores: Stores, items: readonly Item[]): Promise<(item: Item) => PaidTo> => {
  const payeeIds = [...new Set(items.map(({ payeeId }) => payeeId))];
  const payees = await stores.payees.byIds(payeeIds);
  const destinations = await stores.payees.destinations([...new Set(items.map(({ destinationId }) => destinationId))]);
  const keys = await ctx.services.vault.subjectKeys(stores.keys, ctx.tenantId, await stores.keys.subjectKeys(payeeIds));
  return ({ ordinal, payeeId, destinationId }) => {
    const payee = payees.get(payeeId)?.payee;
    const destination = destinations.get(destinationId);
    const key = keys.get(payeeId);
    if (!payee || !destination) throw new Error(`item ${ordinal} names a payee or destination that is not there`);
    return { payee, destination, name: key ? openDestination(ctx, key, destination).sentTo.name : null };
  };
};
