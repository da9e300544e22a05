import type { RequestHandler } from 'express';
import { accessRefusal, type Plan } from '../../domain/plans.js';
import type { Refusal } from '../../domain/result.js';
import { exchangeOf } from '../exchange.js';
import { refuseRequest } from './permission.js';

/** Why the plan does not let this credential in; null when it does. People are let in by every plan, and have none here. */
export const beyondPlan = (keyPlan: Plan | null): Refusal | null => (keyPlan === null ? null : accessRefusal(keyPlan));

/**
 * Asks whether the plan of the workspace lets API keys in. It was read together with the key, so a changed plan holds from the next request on,
 * in every process. Limits of a plan are counted where something is made, in its transaction.
 */
export const plan: RequestHandler = async (req, res, next) => {
  const refusal = beyondPlan(exchangeOf(res).keyPlan);
  if (!refusal) return next();
  await refuseRequest(req, res, refusal);
};
