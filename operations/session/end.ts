import { ok, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { toWireSession, type WireSession } from './view.js';

/**
 * Ends the caller's session at once: its token is refused from the next request on (I8). Refuses with `forbidden` for an actor
 * without a session, and with `session_expired`.
 */
export const endSession = async (ctx: Context): Promise<Result<WireSession>> => {
  const { actor } = ctx;
  if (actor.type !== 'user') return refuse('forbidden', 'Only a person who signed in has a session.');
  return ctx.inTenant(async (stores) => {
    const entry = { subject: { type: 'session', id: actor.sessionId }, action: 'session.end', detail: {} } as const;
    const session = await stores.sessions.get(actor.sessionId);
    if (!session || !(await stores.sessions.end(actor.sessionId)))
      return refusedAndAudited(stores, entry, refuse('session_expired', 'The session has ended already.').refusal);
    const ended = await toWireSession(stores, { ...actor, expiresAt: session.expiresAt });
    await stores.audit.append({ ...entry, result: 'ok' });
    return ok(ended);
  });
};
