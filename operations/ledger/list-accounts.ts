import type { z } from 'zod';
import type { listAccounts as contract } from '../../contracts/ledger.js';
import { fromWireId } from '../../domain/ids.js';
import { ok, type Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { WireList } from '../payout-batch/list.js';
import { wrongInput } from '../payout-batch/refusals.js';
import { toWireAccount, type WireAccount } from './wire.js';

/** Accounts of the workspace with their balances, newest first. The cursor is the id of the last account seen. */
export const listAccounts = (ctx: Context, input: z.output<typeof contract>): Promise<Result<WireList<WireAccount>>> =>
  ctx.inTenant(async (stores) => {
    const after = input.starting_after === undefined ? undefined : fromWireId('account', input.starting_after);
    if (after === null)
      return { ok: false, refusal: wrongInput([{ field: 'starting_after', reason: 'id_form', message: 'this is not the id of an account' }]) };
    const { rows, hasMore } = await stores.accounts.list({ limit: input.limit, after, kind: input.kind, currency: input.currency });
    const data = rows.map(toWireAccount);
    return ok({ object: 'list', data, has_more: hasMore, next_cursor: hasMore ? (data.at(-1)?.id ?? null) : null });
  });
