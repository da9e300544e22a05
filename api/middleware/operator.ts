import type { RequestHandler } from 'express';
import type { OperatorActor } from '../../domain/actors.js';
import { refuse } from '../../domain/result.js';
import type { ApiDeps } from '../deps.js';
import { exchangeOf } from '../exchange.js';
import { sendRefusal } from '../respond.js';

/**
 * Resolves the credential of an operator: `Authorization: Bearer` (RFC 6750) alone. Sessions and API keys of workspaces are no credential here,
 * and are refused like one that nobody has.
 */
export const operatorCredential =
  (deps: Pick<ApiDeps, 'hashToken'>): RequestHandler =>
  async (req, res, next) => {
    const exchange = exchangeOf(res);
    const token = /^Bearer +(\S+)$/i.exec(req.get('authorization') ?? '')?.[1];
    if (token === undefined) return sendRefusal(res, refuse('unauthenticated', 'Send the credential of an operator as a bearer token.').refusal);
    const hash = deps.hashToken(token);
    const found = hash && (await exchange.publicContext.operators.operator(hash));
    if (!found) return sendRefusal(res, refuse('unauthenticated', 'This is no credential of an operator, or it is revoked.').refusal);
    exchange.operator = { type: 'operator', ...found } satisfies OperatorActor;
    exchange.credential = 'header';
    next();
  };
