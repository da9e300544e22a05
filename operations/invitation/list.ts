import type { z } from 'zod';
import type { ROUTES } from '../../contracts/routes.js';
import type { Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { type List, listPage } from '../list-page.js';
import { toWireInvitations, type WireInvitation } from './view.js';

type Input = z.output<(typeof ROUTES)['list_invitations']['query']>;

/** Invitations that are open, newest first, with who invited and until when. Refuses a wrong cursor with `invalid_request`. */
export const listInvitations = (ctx: Context, input: Input): Promise<Result<List<WireInvitation>>> =>
  listPage('invitation', input, (page) =>
    ctx.inTenant(async (stores) => {
      const { rows, hasMore } = await stores.invitations.list(page);
      return { rows: await toWireInvitations(stores, rows), hasMore };
    }),
  );
