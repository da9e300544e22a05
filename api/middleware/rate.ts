import type { Request, RequestHandler, Response } from 'express';
import { subscriberNetwork } from '../../domain/network.js';
import { limitInWords, policyOf, type RateClass, type RateSubject } from '../../domain/rates.js';
import { type Refusal, refuse } from '../../domain/result.js';
import { principalOf } from '../../operations/idempotency/guard.js';
import type { ApiDeps, Rates } from '../deps.js';
import { contextOf, exchangeOf, operatorOf, planOf } from '../exchange.js';
import { type LimitStanding, secondsOf, tellLimits } from '../rates/headers.js';
import type { RatedWorkspace } from '../rates/tables.js';
import { sendRefusal } from '../respond.js';

/**
 * Counts a request by the network that it comes from, before anything is done for it: neither a credential is looked up nor a password
 * hashed for who sends too much.
 */
export const networkRate =
  ({ rates }: Pick<ApiDeps, 'rates'>, rateClass: RateClass): RequestHandler =>
  (req, res, next) =>
    admit(rates, res, rateClass, null, [['network', senderOf(req)]], next);

/** Counts a request by who sends it, and then by their workspace: who has used up what is theirs uses up nothing of everybody's. */
export const principalRate =
  ({ rates }: Pick<ApiDeps, 'rates'>, rateClass: RateClass): RequestHandler =>
  (_req, res, next) => {
    const exchange = exchangeOf(res);
    const { actor, tenantId } = contextOf(exchange);
    const subjects: Subjects = [
      ['principal', principalOf(actor)],
      ['workspace', tenantId],
    ];
    return admit(rates, res, rateClass, { tenantId, plan: planOf(exchange) }, subjects, next);
  };

/** Counts a request of an operator of the platform by who sends it alone. */
export const operatorRate =
  ({ rates }: Pick<ApiDeps, 'rates'>, rateClass: RateClass): RequestHandler =>
  (_req, res, next) =>
    admit(rates, res, rateClass, null, [['principal', principalOf(operatorOf(exchangeOf(res)))]], next);

/** Who is counted, in this order. */
type Subjects = readonly (readonly [RateSubject, string])[];

const admit = async (
  rates: Rates,
  res: Response,
  rateClass: RateClass,
  workspace: RatedWorkspace | null,
  subjects: Subjects,
  next: () => void,
): Promise<void> => {
  const exchange = exchangeOf(res);
  for (const [subject, who] of subjects) {
    const limit = rates.tableOf(workspace)[rateClass][subject];
    if (!limit) continue;
    const standing = await rates.take(`${rateClass} ${subject} ${who}`, limit);
    const one = { rateClass, subject, limit, standing };
    exchange.limits.push(one);
    if (standing.admitted) continue;
    rates.onRefused({ class: rateClass, by: subject });
    tellLimits(res, exchange.limits);
    return sendRefusal(res, refusalOf(one));
  }
  tellLimits(res, exchange.limits);
  next();
};

const refusalOf = ({ rateClass, subject, limit, standing }: LimitStanding): Refusal => {
  const seconds = secondsOf(standing);
  return refuse('rate_limited', `There were more than ${limitInWords(rateClass, subject, limit)}. Nothing was done; send it again in ${seconds} s.`, {
    extra: { retry_after_seconds: seconds, policy: policyOf(rateClass, subject) },
  }).refusal;
};

/** A trusted proxy may have written anything as the sender; then what it sends counts together. */
const senderOf = (req: Request): string => subscriberNetwork(req.ip ?? '') ?? subscriberNetwork(req.socket.remoteAddress ?? '') ?? 'unknown';
