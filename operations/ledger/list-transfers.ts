import type { z } from 'zod';
import type { listTransfers as contract } from '../../contracts/ledger.js';
import type { Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { type List, listPage } from '../list-page.js';
import { toWireTransfer, type WireTransfer } from './wire.js';

/** Transfers of the workspace, of an account or of a batch, newest first. The cursor is the id of the last transfer of a page. */
export const listTransfers = (ctx: Context, input: z.output<typeof contract>): Promise<Result<List<WireTransfer>>> =>
  listPage('transfer', input, (page) =>
    ctx.inTenant(async (stores) => {
      const { rows, hasMore } = await stores.transfers.list({ ...page, accountId: input.account_id, batchId: input.batch_id });
      return { rows: rows.map(toWireTransfer), hasMore };
    }),
  );
