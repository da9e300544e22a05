import type { z } from 'zod';
import type { item, listItems } from '../../contracts/batches.js';
import { noSuchBatch } from '../../domain/batch/refusals.js';
import { fromItemId, toItemId, toWireId } from '../../domain/ids.js';
import { ok, type Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { type List, toList, wrongCursor } from '../list-page.js';
import { type PaidTo, paidTo } from '../payee/paid-to.js';
import type { Stores } from '../ports.js';
import type { BatchRow } from '../stores/batches.js';
import type { ItemRow } from '../stores/items.js';

export type WireItem = z.infer<typeof item>;
type ListItemsInput = { batch_id: string } & z.output<typeof listItems>;

/**
 * Items of a batch by ordinal, on request those of one state. The name is the one that would be sent, opened for this answer, and
 * null once the person was deleted; destinations are masked. The cursor is the id of the last item of a page. Refuses with
 * `not_found` or `invalid_request`.
 */
export const listPayoutItems = (ctx: Context, input: ListItemsInput): Promise<Result<List<WireItem>>> =>
  ctx.inTenant(async (stores) => {
    const view = await stores.batches.view(input.batch_id);
    if (!view) return noSuchBatch();
    const { batch, content } = view;
    const after = input.starting_after === undefined ? undefined : fromItemId(input.starting_after);
    if (after === null || (after && after.batchId !== batch.id)) return wrongCursor('an item of this batch');
    // Rows of a file that is not whole, or never will be, are no payments.
    if (!content) return ok(toList({ rows: [], hasMore: false }));
    const { rows, hasMore } = await stores.items.list(batch.id, { limit: input.limit, afterOrdinal: after?.ordinal, state: input.state });
    return ok(toList({ rows: await toWireItems(ctx, stores, batch, rows), hasMore }));
  });

const toWireItems = async (ctx: Context, stores: Stores, batch: BatchRow, items: readonly ItemRow[]): Promise<WireItem[]> => {
  const of = await paidTo(ctx, stores, items);
  return items.map((row) => toWireItem(batch, row, of(row)));
};

const toWireItem = (batch: BatchRow, row: ItemRow, { payee, destination, name }: PaidTo): WireItem => ({
  object: 'payout_item',
  id: toItemId(batch.id, row.ordinal),
  ordinal: row.ordinal,
  payee_id: toWireId('payee', row.payeeId),
  payee_reference: payee.reference,
  payee_name: name,
  destination: {
    object: 'destination',
    id: toWireId('destination', destination.id),
    version: destination.version,
    kind: destination.kind,
    masked: destination.masked,
  },
  amount: Number(row.amount),
  currency: batch.currency,
  reference: row.reference,
  remittance: row.remittance,
  state: row.state,
  reason: row.reason,
  provider_reference: row.providerReference,
  attempt: row.attempt,
});
