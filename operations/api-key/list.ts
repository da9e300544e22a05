import type { z } from 'zod';
import type { ROUTES } from '../../contracts/routes.js';
import { fromWireId } from '../../domain/ids.js';
import { ok, type Result, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import { toWireApiKey, type WireApiKey } from './view.js';

type Input = z.output<(typeof ROUTES)['list_api_keys']['query']>;

export interface WireApiKeys {
  object: 'list';
  data: WireApiKey[];
  has_more: boolean;
  next_cursor: string | null;
}

/** API keys of the workspace, newest first, revoked ones too. The cursor is the id of the last key seen. */
export const listApiKeys = async (ctx: Context, { limit, starting_after }: Input): Promise<Result<WireApiKeys>> => {
  const after = starting_after === undefined ? undefined : fromWireId('apiKey', starting_after);
  if (after === null)
    return refuse('invalid_request', 'starting_after takes the next_cursor of the page before.', {
      errors: [{ field: 'starting_after', reason: 'id_form', message: 'this is not the id of an API key' }],
    });
  return ctx.inTenant(async (stores) => {
    const { rows, hasMore } = await stores.apiKeys.list({ limit, after });
    const data = rows.map(toWireApiKey);
    return ok({ object: 'list', data, has_more: hasMore, next_cursor: hasMore ? (data.at(-1)?.id ?? null) : null });
  });
};
