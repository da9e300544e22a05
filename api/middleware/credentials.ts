import type { Request, RequestHandler } from 'express';
import type { Actor } from '../../domain/actors.js';
import { mayBeUsedFrom } from '../../domain/api-key.js';
import { CLOSED_DETAIL } from '../../domain/freeze.js';
import { ok, type Result, refuse } from '../../domain/result.js';
import { noteKeyUse } from '../../operations/api-key/note-use.js';
import { refuseKeyUse } from '../../operations/api-key/refuse-use.js';
import type { Context } from '../../operations/context.js';
import { clientAddress } from '../client-address.js';
import type { ApiDeps } from '../deps.js';
import { type Admitted, type Exchange, exchangeOf } from '../exchange.js';
import { sendRefusal } from '../respond.js';
import { readSessionCookie } from '../session-cookie.js';

/**
 * Resolves the credential: `Authorization: Bearer` (RFC 6750) or `X-Api-Key`, else the session cookie. Refuses both headers
 * together with 400, an unknown credential with 401, and a key outside its networks with 403, before anything of a tenant is read.
 */
export const credentials =
  (deps: Pick<ApiDeps, 'directory' | 'hashToken' | 'cookies' | 'countRefusedKey' | 'logger'>): RequestHandler =>
  async (req, res, next) => {
    const exchange = exchangeOf(res);
    if (isTwofold(req)) return sendRefusal(res, refuse('malformed_request', 'Send one credential: Authorization or X-Api-Key, not both.').refusal);
    const presented = present(req, deps.cookies);
    if (!presented) return sendRefusal(res, refuse('unauthenticated', 'Send a session or an API key as a bearer token.').refusal);
    const authenticate = () => resolve(deps, presented.token);
    const resolved = await authenticate();
    if (!resolved.ok) return sendRefusal(res, resolved.refusal);
    const { tenantId, mode, actor, plan, key } = resolved.value;
    const context = exchange.publicContext.enter(tenantId, mode, actor);
    if (key) {
      const address = clientAddress(req);
      if (!mayBeUsedFrom(key.allowedNetworks, address)) {
        deps.countRefusedKey('network_not_allowed');
        return sendRefusal(res, await refuseKeyUse(context, { keyId: key.keyId, address, route: exchange.route }));
      }
      if (key.isUseDue) noteUse(deps, exchange, context, key.keyId, address);
    }
    exchange.authenticate = authenticate;
    exchange.context = context;
    exchange.plan = plan;
    exchange.credential = presented.from;
    next();
  };

/** The request does not wait for it, and goes on without it. */
const noteUse = ({ logger }: Pick<ApiDeps, 'logger'>, { requestId }: Exchange, context: Context, keyId: string, address: string | null): void => {
  noteKeyUse(context, keyId, address).catch((error: unknown) =>
    logger.warn({ err: error, request_id: requestId }, 'the last use of an API key was not noted'),
  );
};

/** Two programs may each take the other one of them (RFC 6750, section 3.1). A cookie is no choice of the caller, and a header goes before it. */
const isTwofold = (req: Request): boolean => req.get('authorization') !== undefined && req.get('x-api-key') !== undefined;

const present = (req: Request, cookies: ApiDeps['cookies']): { token: string; from: 'header' | 'cookie' } | null => {
  const authorization = req.get('authorization');
  if (authorization !== undefined) {
    const match = /^Bearer +(\S+)$/i.exec(authorization);
    return match?.[1] ? { token: match[1], from: 'header' } : null;
  }
  const key = req.get('x-api-key');
  if (key !== undefined) return { token: key, from: 'header' };
  const cookie = readSessionCookie(req, cookies);
  return cookie ? { token: cookie, from: 'cookie' } : null;
};

/** What of a key decides about one request. Its networks never change, so whoever was let in stays in for the length of an answer. */
interface KeyInUse {
  keyId: string;
  allowedNetworks: readonly string[];
  isUseDue: boolean;
}

/** Whoever shows a credential of a frozen workspace learns that it is frozen, and nothing else of it. */
const closed = () => refuse('workspace_frozen', CLOSED_DETAIL);

const resolve = async (deps: Pick<ApiDeps, 'directory' | 'hashToken'>, token: string): Promise<Result<Admitted & { key: KeyInUse | null }>> => {
  const unknown = refuse('unauthenticated', 'This credential is unknown, revoked or expired.');
  const hash = deps.hashToken(token);
  if (!hash) return unknown;
  const session = await deps.directory.session(hash);
  if (session) {
    const { tenantId, mode, plan, personId, sessionId, roles, permissions, sleeping } = session;
    if (session.closed) return closed();
    if (session.ended) return refuse('session_expired', 'The session has ended; sign in again.');
    if (session.unnoted) await deps.directory.noteSession(hash);
    return ok({ tenantId, mode, plan, actor: { type: 'user', personId, sessionId, roles, permissions, sleeping } satisfies Actor, key: null });
  }
  const key = await deps.directory.apiKey(hash);
  if (!key) return unknown;
  if (key.closed) return closed();
  const { tenantId, mode, plan, keyId, familyId, ownerPersonId, scopes } = key;
  const actor: Actor = { type: 'api_key', keyId, ...(familyId ? { familyId } : {}), ownerPersonId, scopes };
  return ok({ tenantId, mode, plan, actor, key });
};
