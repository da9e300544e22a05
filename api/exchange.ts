import type { Request, Response } from 'express';
import type { Actor, OperatorActor } from '../domain/actors.js';
import type { ContentDigests } from '../domain/http-signature/content-digest.js';
import type { Plan } from '../domain/plans.js';
import type { Refusal, Result } from '../domain/result.js';
import type { Context, PublicContext } from '../operations/context.js';
import type { Trace } from './deps.js';
import type { LimitStanding } from './rates/headers.js';
import type { SignatureResult } from './signature-result.js';

/** Whose credential it is, and of which workspace. */
export interface Admitted {
  tenantId: string;
  mode: 'live' | 'test';
  actor: Actor;
  /** Of the workspace, as it was read with the credential. */
  plan: Plan;
}

/** What became of the signature of a machine's call. */
export interface CallSignature {
  result: SignatureResult;
  /** What the content has to hash to; null when the signature says nothing of any. */
  digests: ContentDigests | null;
}

/** What is known about one request so far. Each middleware sets its part; those after it read it. */
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
  /** The operator of the platform whose credential it is; null on the routes of workspaces. */
  operator: OperatorActor | null;
  /** Resolves the credential of this request as it stands now: it may have ended meanwhile. */
  authenticate: () => Promise<Result<Admitted>>;
  /** Where the credential was. A cookie needs the check against forged cross-site requests. */
  credential: 'header' | 'cookie' | null;
  /** The plan of the workspace, as it was read with the credential; null until then, and for operators of the platform. */
  plan: Plan | null;
  /** What the limits said that this request has passed so far. */
  limits: LimitStanding[];
  /** Counts a refusal, before it is sent; null for who is not counted. The answer is null for a refusal that is a sign of nothing. */
  noteRefusal: ((refusal: Refusal) => Promise<void> | null) | null;
  /** The signature of a machine's call, once it was looked at; null while it was not, and for people. */
  signature: CallSignature | null;
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

/** The operator of an authenticated exchange. Throws when the route did not authenticate one. */
export const operatorOf = (exchange: Exchange): OperatorActor => {
  if (!exchange.operator) throw new Error(`route ${exchange.route} asks for an operator before the credential is resolved`);
  return exchange.operator;
};

/** The context of an authenticated exchange. Throws when the route did not authenticate. */
export const contextOf = (exchange: Exchange): Context => {
  if (!exchange.context) throw new Error(`route ${exchange.route} asks for a context before the credential is resolved`);
  return exchange.context;
};

/** The plan of an authenticated exchange. Throws when the route did not authenticate. */
export const planOf = (exchange: Exchange): Plan => {
  if (!exchange.plan) throw new Error(`route ${exchange.route} asks for a plan before the credential is resolved`);
  return exchange.plan;
};
