import type { z } from 'zod';
import type { listTransfers as contract } from '../../contracts/ledger.js';
import { fromWireId } from '../../domain/ids.js';
import { ok, type Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { WireList } from '../payout-batch/list.js';
import { wrongInput } from '../payout-batch/refusals.js';
import { toWireTransfer, type WireTransfer } from './wire.js';

/** Transfers of the workspace, of an account or of a batch, newest first. The cursor is the id of the last transfer seen. */
export const listTransfers = (ctx: Context, input: z.output<typeof contract>): Promise<Result<WireList<WireTransfer>>> =>
  ctx.inTenant(async (stores) => {
    const after = input.starting_after === undefined ? undefined : fromWireId('transfer', input.starting_after);
    if (after === null)
      return { ok: false, refusal: wrongInput([{ field: 'starting_after', reason: 'id_form', message: 'this is not the id of a transfer' }]) };
    const { rows, hasMore } = await stores.transfers.list({ limit: input.limit, after, accountId: input.account_id, batchId: input.batch_id });
    const data = rows.map(toWireTransfer);
    return ok({ object: 'list', data, has_more: hasMore, next_cursor: hasMore ? (data.at(-1)?.id ?? null) : null });
  });
