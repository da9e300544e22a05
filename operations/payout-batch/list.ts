import type { z } from 'zod';
import type { listBatches } from '../../contracts/batches.js';
import type { Result } from '../../domain/result.js';
import { type WireBatch, wireBatches } from '../batch-state/read.js';
import type { Context } from '../context.js';
import { type List, listPage } from '../list-page.js';

/** Batches of the workspace, newest first, by state and external_id. The cursor is the id of the last batch of a page. */
export const listPayoutBatches = (ctx: Context, input: z.output<typeof listBatches>): Promise<Result<List<WireBatch>>> =>
  listPage('batch', input, (page) =>
    ctx.inTenant(async (stores) => {
      const { rows, hasMore } = await stores.batches.list({ ...page, state: input.state, externalId: input.external_id });
      return { rows: await wireBatches(ctx, stores, rows), hasMore };
    }),
  );
