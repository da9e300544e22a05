import type { z } from 'zod';
import type { listExceptionItems as contract, exceptionItem } from '../../contracts/exceptions.js';
import { fromItemId } from '../../domain/ids.js';
import { ok, type Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { type List, toList, wrongCursor } from '../list-page.js';
import { noSuchException } from './refuse.js';
import { toWireExceptionItem } from './view.js';

type Input = { exception_id: string } & z.output<typeof contract>;

/** The items of an exception by ordinal, with where each stands now. An exception without a batch has none. Refuses with `not_found` or `invalid_request`. */
export const listExceptionItems = (ctx: Context, input: Input): Promise<Result<List<z.infer<typeof exceptionItem>>>> =>
  ctx.inTenant(async (stores) => {
    const view = await stores.exceptions.view(input.exception_id);
    if (!view) return noSuchException();
    const { batchId } = view.exception;
    const after = input.starting_after === undefined ? undefined : fromItemId(input.starting_after);
    if (after === null || (after && after.batchId !== batchId)) return wrongCursor('an item of this exception');
    if (batchId === null || view.currency === null) return ok(toList({ rows: [], hasMore: false }));
    const { currency } = view;
    const open = input.state === undefined ? undefined : input.state === 'open';
    const { rows, hasMore } = await stores.exceptions.items(view.exception, { limit: input.limit, afterOrdinal: after?.ordinal, open });
    return ok(toList({ rows: rows.map((row) => toWireExceptionItem(batchId, currency, row)), hasMore }));
  });
