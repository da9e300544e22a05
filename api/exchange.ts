import type { Request, Response } from 'express';
import type { Context, PublicContext } from '../operations/context.js';
import type { Trace } from './deps.js';

/** What is known of one request so far. Set by the middleware in order, read by the ones after it. */
export interface Exchange {
  req: Request;
  res: Response;
  requestId: string;
  trace: Trace;
  /** Id in the route table, once matched; labels metrics and log lines. */
  route: string;
  publicContext: PublicContext;
  /** Set once the credential is resolved. */
  context: Context | null;
  /** How the caller authenticated; cookies are checked for forged cross-site requests. */
  credential: 'header' | 'cookie' | null;
}

const EXCHANGE = Symbol('exchange');

export const beginExchange = (res: Response, exchange: Exchange): void => {
  res.locals[EXCHANGE as unknown as string] = exchange;
};

export const exchangeOf = (res: Response): Exchange => {
  const exchange = res.locals[EXCHANGE as unknown as string] as Exchange | undefined;
  if (!exchange) throw new Error('no exchange was begun: the request id middleware comes first');
  return exchange;
};

/** The context of an authenticated exchange. Throws when a route forgot to authenticate. */
export const contextOf = (exchange: Exchange): Context => {
  if (!exchange.context) throw new Error(`route ${exchange.route} asks for a context before the credential is resolved`);
  return exchange.context;
};
