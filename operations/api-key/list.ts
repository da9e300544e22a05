import type { z } from 'zod';
import type { ROUTES } from '../../contracts/routes.js';
import type { Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { type List, listPage } from '../list-page.js';
import { toWireApiKey, type WireApiKey } from './view.js';

type Input = z.output<(typeof ROUTES)['list_api_keys']['query']>;

/** API keys of the workspace, newest first, revoked ones too. The cursor is the id of the last key of a page. */
export const listApiKeys = (ctx: Context, input: Input): Promise<Result<List<WireApiKey>>> =>
  listPage('apiKey', input, (page) =>
    ctx.inTenant(async (stores) => {
      const { rows, hasMore } = await stores.apiKeys.list(page);
      return { rows: rows.map((row) => toWireApiKey(row, stores.now)), hasMore };
    }),
  );
