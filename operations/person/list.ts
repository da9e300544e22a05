import type { z } from 'zod';
import type { listPeople as contract } from '../../contracts/people.js';
import type { Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { type List, listPage } from '../list-page.js';
import { toWirePerson, type WirePerson } from './view.js';

/**
 * Members of the workspace, newest person first, on request the one with an e-mail address. Those who were disabled are listed too, because
 * the log names them. Refuses a wrong cursor with `invalid_request`.
 */
export const listPeople = (ctx: Context, input: z.output<typeof contract>): Promise<Result<List<WirePerson>>> =>
  listPage('person', input, (page) =>
    ctx.inTenant(async (stores) => {
      // People are stored with small letters, and sign in with any.
      const { rows, hasMore } = await stores.memberships.list({ ...page, email: input.email?.toLowerCase() });
      return { rows: rows.map(toWirePerson), hasMore };
    }),
  );
