import type { z } from 'zod';
import type { listBatches } from '../../contracts/batches.js';
import { fromWireId } from '../../domain/ids.js';
import { ok, type Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { wrongInput } from './refusals.js';
import { toWireBatch, type WireBatch } from './view.js';

export interface WireList<T> {
  object: 'list';
  data: T[];
  has_more: boolean;
  next_cursor: string | null;
}

/** Batches of the workspace, newest first, by state and external_id. The cursor is the id of the last batch seen. */
export const listPayoutBatches = (ctx: Context, input: z.output<typeof listBatches>): Promise<Result<WireList<WireBatch>>> =>
  ctx.inTenant(async (stores) => {
    const after = input.starting_after === undefined ? undefined : fromWireId('batch', input.starting_after);
    if (after === null)
      return { ok: false, refusal: wrongInput([{ field: 'starting_after', reason: 'id_form', message: 'this is not the id of a batch' }]) };
    const { rows, hasMore } = await stores.batches.list({ limit: input.limit, after, state: input.state, externalId: input.external_id });
    const data = rows.map((view) => toWireBatch(view, ctx.tenantId));
    return ok({ object: 'list', data, has_more: hasMore, next_cursor: hasMore ? (data.at(-1)?.id ?? null) : null });
  });
