import type { z } from 'zod';
import type { listAccounts as contract } from '../../contracts/ledger.js';
import type { Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { type List, listPage } from '../list-page.js';
import { toWireAccount, type WireAccount } from './wire.js';

/** Accounts of the workspace with their balances, newest first. The cursor is the id of the last account of a page. */
export const listAccounts = (ctx: Context, input: z.output<typeof contract>): Promise<Result<List<WireAccount>>> =>
  listPage('account', input, (page) =>
    ctx.inTenant(async (stores) => {
      const { rows, hasMore } = await stores.accounts.list({ ...page, kind: input.kind, currency: input.currency });
      return { rows: rows.map(toWireAccount), hasMore };
    }),
  );
