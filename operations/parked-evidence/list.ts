import type { z } from 'zod';
import type { listParkedEvidence as contract, parkedEvidence } from '../../contracts/evidence.js';
import { toWireId } from '../../domain/ids.js';
import type { Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { type List, listPage } from '../list-page.js';
import type { WaitingEvidence } from '../stores/parked-evidence.js';

export type WireParkedEvidence = z.infer<typeof parkedEvidence>;

/** Evidence that waits for an item that it fits, newest first. Refuses a wrong cursor with `invalid_request`. */
export const listParkedEvidence = (ctx: Context, input: z.output<typeof contract>): Promise<Result<List<WireParkedEvidence>>> =>
  listPage('parkedEvidence', input, (page) =>
    ctx.inTenant(async (stores) => {
      const { rows, hasMore } = await stores.parkedEvidence.waiting({ ...page, connectionId: input.connection_id });
      return { rows: rows.map(toWireParkedEvidence), hasMore };
    }),
  );

export const toWireParkedEvidence = (row: WaitingEvidence): WireParkedEvidence => ({
  object: 'parked_evidence',
  id: toWireId('parkedEvidence', row.id),
  connection_id: toWireId('connection', row.connectionId),
  payment_key: row.paymentKey,
  outcome: row.outcome,
  amount: row.amount === null ? null : Number(row.amount),
  currency: row.currency,
  provider_reference: row.providerReference,
  reason: row.reason,
  created_at: row.createdAt.toISOString(),
});
