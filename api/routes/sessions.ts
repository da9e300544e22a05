import { nearbyNetwork } from '../../domain/network.js';
import type { Result } from '../../domain/result.js';
import { isOneTimeCode } from '../../domain/second-factor.js';
import { askPasskeySession, createPasskeySession } from '../../operations/passkey/sign-in.js';
import { changePassword } from '../../operations/session/change-password.js';
import { createSession, type Origin } from '../../operations/session/create.js';
import { endSession } from '../../operations/session/end.js';
import { endOtherSession, endOtherSessions } from '../../operations/session/end-other.js';
import { listSessions } from '../../operations/session/list.js';
import { showSession } from '../../operations/session/show.js';
import type { WireSession } from '../../operations/session/view.js';
import type { ApiDeps } from '../deps.js';
import type { Exchange } from '../exchange.js';
import { untilFloor } from '../failure-floor.js';
import type { Handlers } from '../handlers.js';
import { deviceOf } from '../origin.js';
import { clearSessionCookie, setSessionCookie } from '../session-cookie.js';
import { told } from '../told.js';

type Sessions = Pick<
  Handlers,
  | 'create_session'
  | 'ask_passkey_session'
  | 'create_passkey_session'
  | 'show_session'
  | 'end_session'
  | 'list_sessions'
  | 'end_other_session'
  | 'end_other_sessions'
  | 'change_password'
>;

type Deps = Pick<ApiDeps, 'clock' | 'cookies' | 'personEvents'>;

/**
 * Sessions, and the cookie in which browsers keep them. A page's script never sees the token: a request with Fetch Metadata
 * headers comes from a browser, which gets the token in the cookie only.
 */
export const sessions = (deps: Deps): Sessions => ({
  // The use of a recovery code belongs into the logs of all workspaces of the person too.
  create_session: (publicContext, input, exchange) => {
    const isTold = input.code !== undefined && !isOneTimeCode(input.code);
    return signingIn(deps, exchange, isTold, (origin) => createSession(publicContext, input, origin));
  },
  ask_passkey_session: (publicContext) => askPasskeySession(publicContext),
  create_passkey_session: (publicContext, input, exchange) =>
    signingIn(deps, exchange, false, (origin) => createPasskeySession(publicContext, input, origin)),
  show_session: showSession,
  list_sessions: listSessions,
  end_other_session: endOtherSession,
  end_other_sessions: endOtherSessions,
  end_session: async (ctx, _input, { res }) => {
    const result = await endSession(ctx);
    if (result.ok) clearSessionCookie(res, deps.cookies);
    return result;
  },
  change_password: told(deps, changePassword),
});

/** Answers a sign-in: a failure at the floor, and a success to a browser with the token in its cookie, where no script of a page sees it. */
const signingIn = async (
  { clock, cookies, personEvents }: Deps,
  { req, res }: Exchange,
  isTold: boolean,
  open: (origin: Origin) => Promise<Result<WireSession>>,
): Promise<Result<WireSession>> => {
  const from = clock.now();
  const result = await open({ device: deviceOf(req.get('user-agent')), network: nearbyNetwork(req.ip ?? '') });
  // A refusal belongs into the logs of all workspaces of the person.
  if (!result.ok || isTold) personEvents.wake();
  if (!result.ok) await untilFloor(clock, from);
  if (!result.ok || !result.value.token) return result;
  const { token, ...session } = result.value;
  setSessionCookie(res, cookies, token, new Date(session.expires_at));
  return req.get('sec-fetch-site') === undefined ? result : { ok: true, value: session };
};
