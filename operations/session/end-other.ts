import { toWireId } from '../../domain/ids.js';
import { ok, type Refusal, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';

export interface EndedSessions {
  object: 'ended_sessions';
  ended: string[];
}

/**
 * Ends one session of the caller at once, in whatever workspace it is. Refuses with `forbidden` (no person) or `not_found`: a session of
 * somebody else is refused like one that is not there.
 */
export const endOtherSession = async (ctx: Context, { session_id: id }: { session_id: string }): Promise<Result<EndedSessions>> => {
  if (ctx.actor.type !== 'user') return { ok: false, refusal: NO_PERSON };
  return ctx.inTenant(async (stores) => {
    const entry = { subject: { type: 'session', id }, action: 'session.end', detail: {} } as const;
    if (!(await stores.sessions.end(id)))
      return refusedAndAudited(stores, entry, refuse('not_found', 'You have no such session that is open; list them to see which are.').refusal);
    await stores.audit.append({ ...entry, result: 'ok' });
    return ok({ object: 'ended_sessions', ended: [toWireId('session', id)] });
  });
};

/**
 * Ends every session of the caller but the one that asks, in all workspaces, and names them in one event of this workspace. Refuses with
 * `forbidden` (no person).
 */
export const endOtherSessions = async (ctx: Context): Promise<Result<EndedSessions>> => {
  const { actor } = ctx;
  if (actor.type !== 'user') return { ok: false, refusal: NO_PERSON };
  return ctx.inTenant(async (stores) => {
    const ended = (await stores.sessions.endOthers(actor.sessionId)).map((id) => toWireId('session', id));
    await stores.audit.append({
      subject: { type: 'person', id: actor.personId },
      action: 'session.end_others',
      result: 'ok',
      detail: { count: ended.length, sessions: ended.slice(0, NAMED_MAX) },
    });
    return answer({ object: 'ended_sessions', ended });
  });
};

/** Sessions that one event names. */
const NAMED_MAX = 100;

const NO_PERSON: Refusal = refuse('forbidden', 'Only a person who signed in has sessions.').refusal;
