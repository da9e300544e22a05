import type { z } from 'zod';
import type { listPayees as contract } from '../../contracts/payees.js';
import type { Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { type List, listPage } from '../list-page.js';
import { toWirePayees, type WirePayee } from './view.js';

/** Payees of the workspace, newest first, or the one with a given reference. The cursor is the id of the last payee of a page. */
export const listPayees = (ctx: Context, input: z.output<typeof contract>): Promise<Result<List<WirePayee>>> =>
  listPage('payee', input, (page) =>
    ctx.inTenant(async (stores) => {
      const { rows, hasMore } = await stores.payees.list({ ...page, reference: input.reference });
      const known = await stores.payees.byIds(rows.map(({ id }) => id));
      const payees = rows.map((payee) => ({ payee, destination: known.get(payee.id)?.destination ?? null }));
      return { rows: await toWirePayees(ctx, stores, payees), hasMore };
    }),
  );
