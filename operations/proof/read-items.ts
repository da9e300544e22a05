import type { ProofItem } from '../../domain/audit/proof.js';
import { canonicalSentTo } from '../../domain/destination.js';
import { toHex } from '../../domain/hashing.js';
import { toItemId } from '../../domain/ids.js';
import type { Context } from '../context.js';
import { openDestinations } from '../payee/sealing.js';
import type { Stores } from '../ports.js';
import type { ChunkItem } from '../stores/chunks.js';
import type { ItemRow } from '../stores/items.js';

/** Items that one transaction reads, and whose destinations it opens. */
const PAGE = 2_000;

/**
 * Every item of a batch with the values of its leaf. With `reveal` the commitment is opened where the payee's key still exists; without it no
 * destination is opened at all.
 */
export const readItems = async (ctx: Context, batchId: string, size: number, { reveal }: { reveal: boolean }): Promise<ProofItem[]> => {
  const items: ProofItem[] = [];
  for (let from = 0; from < size; from += PAGE) {
    const to = Math.min(from + PAGE, size);
    items.push(
      ...(await ctx.inTenant(async (stores) => {
        const rows = await withDestinations(stores, await stores.items.range(batchId, from, to));
        return pageOf(batchId, rows, reveal ? await openDestinations(ctx, stores, rows) : new Map());
      })),
    );
  }
  return items;
};

type Opened = Awaited<ReturnType<typeof openDestinations>>;

/** An item with its stored commitment, which the proof shows beside the opened one. */
type CommittedItem = ChunkItem & { commitment: Uint8Array };

const withDestinations = async (stores: Stores, rows: readonly ItemRow[]): Promise<CommittedItem[]> => {
  const destinations = await stores.payees.destinations([...new Set(rows.map((row) => row.destinationId))]);
  const keys = await stores.keys.subjectKeys([...new Set(rows.map((row) => row.payeeId))]);
  return rows.map((row) => {
    const destination = destinations.get(row.destinationId);
    if (!destination) throw new Error(`item ${row.ordinal} points at a destination that is not there`);
    return { ...row, payeeHeld: false, sealed: destination.sealed, subjectKey: keys.get(row.payeeId) ?? null, commitment: destination.commitment };
  });
};

const pageOf = (batchId: string, rows: readonly CommittedItem[], opened: Opened): ProofItem[] =>
  rows.map((row) => {
    const destination = opened.get(row.ordinal) ?? null;
    return {
      ordinal: row.ordinal,
      item_id: toItemId(batchId, row.ordinal),
      reference: row.reference,
      amount: row.amount.toString(),
      payee_id: row.payeeId,
      destination_id: row.destinationId,
      remittance: row.remittance,
      commitment: toHex(row.commitment),
      salt: destination ? toHex(destination.salt) : null,
      sent_to: destination ? canonicalSentTo(destination.sentTo) : null,
      leaf: toHex(row.leaf),
      state: row.state,
      version: row.version,
      attempt: row.attempt,
      provider_reference: row.providerReference,
      reason: row.reason,
    };
  });
