import { noSuchBatch } from '../../domain/batch/refusals.js';
import { ok, type Result } from '../../domain/result.js';
import { type WireBatch, wireBatch } from '../batch-state/read.js';
import type { Context } from '../context.js';

/** One batch. Refuses with `not_found` when it is absent, belongs to another workspace or is still being received. */
export const showPayoutBatch = (ctx: Context, input: { batch_id: string }): Promise<Result<WireBatch>> =>
  ctx.inTenant(async (stores) => {
    const view = await stores.batches.view(input.batch_id);
    return view ? ok(await wireBatch(ctx, stores, view)) : noSuchBatch();
  });
