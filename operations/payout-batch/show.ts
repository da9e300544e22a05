import { ok, type Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { noSuchBatch } from './refusals.js';
import { toWireBatch, type WireBatch } from './view.js';

/** One batch, or `not_found`; a foreign one and one still being received are not there. */
export const showPayoutBatch = (ctx: Context, input: { batch_id: string }): Promise<Result<WireBatch>> =>
  ctx.inTenant(async (stores) => {
    const view = await stores.batches.view(input.batch_id);
    return view ? ok(toWireBatch(view, ctx.tenantId)) : noSuchBatch();
  });
