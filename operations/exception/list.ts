import type { z } from 'zod';
import type { listExceptions as contract } from '../../contracts/exceptions.js';
import type { Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { type List, listPage } from '../list-page.js';
import { type WireException, wireExceptions } from './view.js';

/** Exceptions of the workspace, newest first, by state, kind, batch or owner. Refuses a wrong cursor with `invalid_request`. */
export const listExceptions = (ctx: Context, input: z.output<typeof contract>): Promise<Result<List<WireException>>> =>
  listPage('exception', input, (page) =>
    ctx.inTenant(async (stores) => {
      const open = input.state === undefined ? undefined : input.state === 'open';
      const { rows, hasMore } = await stores.exceptions.list({ ...page, open, kind: input.kind, batchId: input.batch_id, ownerId: input.owner_id });
      return { rows: await wireExceptions(stores, rows), hasMore };
    }),
  );
