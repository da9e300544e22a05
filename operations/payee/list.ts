import type { z } from 'zod';
import type { listPayees as contract } from '../../contracts/payees.js';
import { fromWireId } from '../../domain/ids.js';
import { ok, type Result, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import { toWirePayees, type WirePayee } from './view.js';

export interface WirePayees {
  object: 'list';
  data: WirePayee[];
  has_more: boolean;
  next_cursor: string | null;
}

/** Payees of the workspace, newest first, or the one of a reference. The cursor is the id of the last payee seen. */
export const listPayees = async (ctx: Context, { limit, starting_after, reference }: z.output<typeof contract>): Promise<Result<WirePayees>> => {
  const after = starting_after === undefined ? undefined : fromWireId('payee', starting_after);
  if (after === null)
    return refuse('invalid_request', 'starting_after takes the next_cursor of the page before.', {
      errors: [{ field: 'starting_after', reason: 'id_form', message: 'this is not the id of a payee' }],
    });
  return ctx.inTenant(async (stores) => {
    const { rows, hasMore } = await stores.payees.list({ limit, after, reference });
    const known = await stores.payees.byIds(rows.map(({ id }) => id));
    const data = await toWirePayees(
      ctx,
      stores,
      rows.map((payee) => ({ payee, destination: known.get(payee.id)?.destination ?? null })),
    );
    return ok({ object: 'list', data, has_more: hasMore, next_cursor: hasMore ? (data.at(-1)?.id ?? null) : null });
  });
};
