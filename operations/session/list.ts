import type { z } from 'zod';
import type { listedSession } from '../../contracts/access.js';
import type { ROUTES } from '../../contracts/routes.js';
import { toWireId } from '../../domain/ids.js';
import { type Result, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import { type List, listPage } from '../list-page.js';
import type { SessionRow } from '../stores/sessions.js';

type Input = z.output<(typeof ROUTES)['list_sessions']['query']>;
type WireListedSession = z.infer<typeof listedSession>;

/**
 * Where the caller is signed in, in any workspace, newest first. Refuses with `forbidden` for keys and agents, which have no session, and a
 * wrong cursor with `invalid_request`.
 */
export const listSessions = async (ctx: Context, input: Input): Promise<Result<List<WireListedSession>>> => {
  const { actor } = ctx;
  if (actor.type !== 'user') return refuse('forbidden', 'Only a person who signed in has sessions.');
  return listPage('session', input, (page) =>
    ctx.inTenant(async (stores) => {
      const { rows, hasMore } = await stores.sessions.list(page);
      return { rows: rows.map((row) => toListedSession(row, actor.sessionId)), hasMore };
    }),
  );
};

const toListedSession = (row: SessionRow, current: string): WireListedSession => ({
  object: 'session',
  id: toWireId('session', row.id),
  workspace_id: toWireId('workspace', row.tenantId),
  current: row.id === current,
  device: row.device,
  network: row.network,
  created_at: row.createdAt.toISOString(),
  last_used_at: row.lastUsedAt?.toISOString() ?? null,
  expires_at: row.expiresAt.toISOString(),
});
