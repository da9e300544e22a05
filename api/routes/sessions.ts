import { nearbyNetwork } from '../../domain/network.js';
import { isOneTimeCode } from '../../domain/second-factor.js';
import { changePassword } from '../../operations/session/change-password.js';
import { createSession } from '../../operations/session/create.js';
import { endSession } from '../../operations/session/end.js';
import { endOtherSession, endOtherSessions } from '../../operations/session/end-other.js';
import { listSessions } from '../../operations/session/list.js';
import { showSession } from '../../operations/session/show.js';
import type { ApiDeps } from '../deps.js';
import { untilFloor } from '../failure-floor.js';
import type { Handlers } from '../handlers.js';
import { deviceOf } from '../origin.js';
import { clearSessionCookie, setSessionCookie } from '../session-cookie.js';
import { told } from '../told.js';

type Sessions = Pick<
  Handlers,
  'create_session' | 'show_session' | 'end_session' | 'list_sessions' | 'end_other_session' | 'end_other_sessions' | 'change_password'
>;

/**
 * Sessions, and the cookie in which browsers keep them. A page's script never sees the token: a request with Fetch Metadata
 * headers comes from a browser, which gets the token in the cookie only.
 */
export const sessions = ({ clock, cookies, personEvents }: Pick<ApiDeps, 'clock' | 'cookies' | 'personEvents'>): Sessions => ({
  create_session: async (publicContext, input, { req, res }) => {
    const from = clock.now();
    const result = await createSession(publicContext, input, { device: deviceOf(req.get('user-agent')), network: nearbyNetwork(req.ip ?? '') });
    // A refusal and the use of a recovery code belong into the logs of all workspaces of the person.
    if (!result.ok || (input.code !== undefined && !isOneTimeCode(input.code))) personEvents.wake();
    if (!result.ok) await untilFloor(clock, from);
    if (!result.ok || !result.value.token) return result;
    const { token, ...session } = result.value;
    setSessionCookie(res, cookies, token, new Date(session.expires_at));
    return req.get('sec-fetch-site') === undefined ? result : { ok: true, value: session };
  },
  show_session: showSession,
  list_sessions: listSessions,
  end_other_session: endOtherSession,
  end_other_sessions: endOtherSessions,
  end_session: async (ctx, _input, { res }) => {
    const result = await endSession(ctx);
    if (result.ok) clearSessionCookie(res, cookies);
    return result;
  },
  change_password: told({ personEvents }, changePassword),
});
