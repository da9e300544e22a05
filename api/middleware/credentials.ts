import type { Request, RequestHandler } from 'express';
import type { Actor } from '../../domain/actors.js';
import { ok, type Result, refuse } from '../../domain/result.js';
import type { ApiDeps } from '../deps.js';
import { type Admitted, exchangeOf } from '../exchange.js';
import { sendRefusal } from '../respond.js';
import { readSessionCookie } from '../session-cookie.js';

/**
 * Resolves the credential: `Authorization: Bearer` (RFC 6750) or `X-Api-Key`, else the session cookie. Refuses an unknown one
 * with 401, before anything of a tenant is read.
 */
export const credentials =
  (deps: Pick<ApiDeps, 'directory' | 'hashToken' | 'cookies'>): RequestHandler =>
  async (req, res, next) => {
    const exchange = exchangeOf(res);
    const presented = present(req, deps.cookies);
    if (!presented) return sendRefusal(res, refuse('unauthenticated', 'Send a session or an API key as a bearer token.').refusal);
    const authenticate = () => resolve(deps, presented.token);
    const resolved = await authenticate();
    if (!resolved.ok) return sendRefusal(res, resolved.refusal);
    const { tenantId, mode, actor } = resolved.value;
    exchange.authenticate = authenticate;
    exchange.context = exchange.publicContext.enter(tenantId, mode, actor);
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

const resolve = async (deps: Pick<ApiDeps, 'directory' | 'hashToken'>, token: string): Promise<Result<Admitted>> => {
  const unknown = refuse('unauthenticated', 'This credential is unknown, revoked or expired.');
  const hash = deps.hashToken(token);
  if (!hash) return unknown;
  const session = await deps.directory.session(hash);
  if (session) {
    const { tenantId, mode, personId, sessionId, roles, permissions } = session;
    if (session.ended) return refuse('session_expired', 'The session has ended; sign in again.');
    if (session.unnoted) await deps.directory.noteSession(hash);
    return ok({ tenantId, mode, actor: { type: 'user', personId, sessionId, roles, permissions } satisfies Actor });
  }
  const key = await deps.directory.apiKey(hash);
  if (!key) return unknown;
  const { tenantId, mode, keyId, ownerPersonId, scopes } = key;
  return ok({ tenantId, mode, actor: { type: 'api_key', keyId, ownerPersonId, scopes } satisfies Actor });
};
