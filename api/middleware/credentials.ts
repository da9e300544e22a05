import type { Request, RequestHandler } from 'express';
import type { Actor } from '../../domain/actors.js';
import { refuse } from '../../domain/result.js';
import type { ApiDeps } from '../deps.js';
import { exchangeOf } from '../exchange.js';
import { sendRefusal } from '../respond.js';
import { readSessionCookie } from '../session-cookie.js';

type Resolved = { tenantId: string; mode: 'live' | 'test'; actor: Actor } | 'expired' | null;

/**
 * Resolves the credential: `Authorization: Bearer` (RFC 6750) or `X-Api-Key`, else the session cookie. Refuses an unknown one
 * with 401, before anything of a tenant is read.
 */
export const credentials =
  (deps: Pick<ApiDeps, 'directory' | 'hashToken' | 'cookies'>): RequestHandler =>
  async (req, res, next) => {
    const exchange = exchangeOf(res);
    const presented = present(req, deps.cookies);
    const resolved = presented ? await resolve(deps, presented.token) : null;
    if (resolved === 'expired') return sendRefusal(res, refuse('session_expired', 'The session has ended; sign in again.').refusal);
    if (!presented || !resolved) {
      const detail = presented ? 'This credential is unknown, revoked or expired.' : 'Send a session or an API key as a bearer token.';
      return sendRefusal(res, refuse('unauthenticated', detail).refusal);
    }
    exchange.context = exchange.publicContext.enter(resolved.tenantId, resolved.mode, resolved.actor);
    exchange.credential = presented.from;
    next();
  };

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

const resolve = async (deps: Pick<ApiDeps, 'directory' | 'hashToken'>, token: string): Promise<Resolved> => {
  const hash = deps.hashToken(token);
  if (!hash) return null;
  const session = await deps.directory.session(hash);
  if (session) {
    const { tenantId, mode, personId, sessionId, role } = session;
    return session.ended ? 'expired' : { tenantId, mode, actor: { type: 'user', personId, sessionId, role } };
  }
  const key = await deps.directory.apiKey(hash);
  if (!key) return null;
  const { tenantId, mode, keyId, ownerPersonId, scopes } = key;
  return { tenantId, mode, actor: { type: 'api_key', keyId, ownerPersonId, scopes } };
};
