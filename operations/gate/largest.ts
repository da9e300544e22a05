import type { SentTo } from '../../domain/destination.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { ItemRow } from '../stores/items.js';

/** One of the payments that a person is shown before they sign. */
export interface ShownPayment {
  payee_reference: string;
  /** As it would be sent; null when the payee was deleted. */
  payee_name: string | null;
  destination: string;
  /** Minor units. */
  amount: number;
}

const decoder = new TextDecoder();

/** The payments with the largest amounts, their names opened and their destinations masked. Five statements for any number. */
export const largestPayments = async (ctx: Context, stores: Stores, batchId: string, count: number): Promise<ShownPayment[]> => {
  const items = await stores.items.largest(batchId, count);
  const payees = await stores.payees.byIds([...new Set(items.map((item) => item.payeeId))]);
  const destinations = await stores.payees.destinations(items.map((item) => item.destinationId));
  const names = await openNames(ctx, stores, items, (item) => destinations.get(item.destinationId)?.sealed);
  return items.map((item) => ({
    payee_reference: payees.get(item.payeeId)?.payee.reference ?? '',
    payee_name: names.get(item.ordinal) ?? null,
    destination: destinations.get(item.destinationId)?.masked ?? '',
    amount: Number(item.amount),
  }));
};

/** The name inside the destination version that is signed, not the payee's present one: people see what would be sent. */
const openNames = async (
  ctx: Context,
  stores: Stores,
  items: readonly ItemRow[],
  sealedOf: (item: ItemRow) => Uint8Array | undefined,
): Promise<Map<number, string>> => {
  const { vault } = ctx.services;
  const wrapped = await stores.keys.subjectKeys([...new Set(items.map((item) => item.payeeId))]);
  const keys = await vault.unwrapSubjectKeys(stores.keys, ctx.tenantId, wrapped);
  const names = new Map<number, string>();
  for (const item of items) {
    const key = keys.get(item.payeeId);
    const sealed = sealedOf(item);
    if (!key || !sealed) continue;
    const place = { tenantId: ctx.tenantId, purpose: 'payee', record: item.destinationId, field: 'destination' } as const;
    const { sent_to } = JSON.parse(decoder.decode(vault.openWith(key, place, sealed))) as { sent_to: SentTo };
    names.set(item.ordinal, sent_to.name);
  }
  return names;
};
