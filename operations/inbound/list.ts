import type { z } from 'zod';
import type { listDeliveries as contract, delivery } from '../../contracts/evidence.js';
import { toWireId } from '../../domain/ids.js';
import type { Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { type List, listPage } from '../list-page.js';
import type { UnreadableRow } from '../stores/inbound-events.js';

export type WireDelivery = z.infer<typeof delivery>;

/** Deliveries that could not be read so far and that nobody has discarded, newest first. Refuses a wrong cursor with `invalid_request`. */
export const listDeliveries = (ctx: Context, input: z.output<typeof contract>): Promise<Result<List<WireDelivery>>> =>
  listPage('delivery', input, (page) =>
    ctx.inTenant(async (stores) => {
      const { rows, hasMore } = await stores.inboundEvents.unreadable({ ...page, connectionId: input.connection_id });
      return { rows: rows.map(toWireDelivery), hasMore };
    }),
  );

export const toWireDelivery = (row: UnreadableRow): WireDelivery => ({
  object: 'delivery',
  id: toWireId('delivery', row.id),
  connection_id: toWireId('connection', row.connectionId),
  provider_event_id: row.providerEventId,
  received_at: row.receivedAt.toISOString(),
  attempts: row.attempts,
  problem: row.problem,
  next_at: row.nextAt.toISOString(),
});
