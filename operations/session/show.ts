import { ok, type Result, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import { toWireSession, type WireSession } from './view.js';

/**
 * The caller's session: person, role, workspace and expiry. Refuses with `forbidden` for keys and agents, which have none, and
 * with `session_expired`.
 */
export const showSession = async (ctx: Context): Promise<Result<WireSession>> => {
  const { actor } = ctx;
  if (actor.type !== 'user') return refuse('forbidden', 'Only a person who signed in has a session.');
  return ctx.inTenant(async (stores) => {
    const session = await stores.sessions.get(actor.sessionId);
    if (!session) return refuse('session_expired', 'The session has ended; sign in again.');
    return ok(await toWireSession(stores, { ...actor, expiresAt: session.expiresAt }));
  });
};
