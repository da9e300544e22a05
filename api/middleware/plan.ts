import type { RequestHandler } from 'express';
import { type Actor, isMachine } from '../../domain/actors.js';
import { accessRefusal, type Plan } from '../../domain/plans.js';
import type { Refusal } from '../../domain/result.js';
import { contextOf, exchangeOf, planOf } from '../exchange.js';
import { refuseRequest } from './permission.js';

/** Why the plan does not let this actor in; null when it does. People are let in by every plan. */
export const beyondPlan = (actor: Actor, plan: Plan): Refusal | null => (isMachine(actor) ? accessRefusal(plan) : null);

/**
 * Asks whether the plan of the workspace lets API keys in. It was read together with the key, so a changed plan holds from the next request on,
 * in every process. Limits of a plan are counted where something is made, in its transaction.
 */
export const plan: RequestHandler = async (req, res, next) => {
  const exchange = exchangeOf(res);
  const refusal = beyondPlan(contextOf(exchange).actor, planOf(exchange));
  if (!refusal) return next();
  await refuseRequest(req, res, refusal);
};
