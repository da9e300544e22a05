import type { SentTo } from '../../domain/destination.js';
import type { Context } from '../context.js';
import { destinationPlace } from '../payee/sealing.js';
import type { Stores } from '../ports.js';
import type { ChunkItem } from '../stores/chunks.js';

export interface OpenedDestination {
  salt: Uint8Array;
  sentTo: SentTo;
}

/** Destinations of items by ordinal. An item whose payee was deleted is left out; a ciphertext that does not open is null. */
export const openDestinations = async (ctx: Context, stores: Stores, items: readonly ChunkItem[]): Promise<Map<number, OpenedDestination | null>> => {
  const wrapped = new Map(items.flatMap((item) => (item.subjectKey ? [[item.payeeId, item.subjectKey] as const] : [])));
  const keys = await ctx.services.vault.unwrapSubjectKeys(stores.keys, ctx.tenantId, wrapped);
  const opened = new Map<number, OpenedDestination | null>();
  for (const item of items) {
    const key = keys.get(item.payeeId);
    if (key) opened.set(item.ordinal, openOne(ctx, key, item));
  }
  return opened;
};

const decoder = new TextDecoder();

/** Whoever changed the ciphertext in the database gets the same answer as who changed an amount: the content differs. */
const openOne = (ctx: Context, key: Uint8Array, item: ChunkItem): OpenedDestination | null => {
  const place = destinationPlace(ctx.tenantId, item.destinationId);
  try {
    const { salt, sent_to } = JSON.parse(decoder.decode(ctx.services.vault.openWith(key, place, item.sealed))) as { salt: string; sent_to: SentTo };
    return { salt: Buffer.from(salt, 'hex'), sentTo: sent_to };
  } catch {
    return null;
  }
};
