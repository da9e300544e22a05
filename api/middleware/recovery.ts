import type { RequestHandler } from 'express';
import type { RouteShape } from '../../contracts/route-shape.js';
import { recoveryRefusal } from '../../operations/recovery/refuse.js';
import { exchangeOf } from '../exchange.js';
import { sendRefusal } from '../respond.js';

/** Whether a route works in recovery mode: it reads, or the table says that it decides nothing. */
export const worksInRecovery = ({ method, inRecovery }: Pick<RouteShape, 'method' | 'inRecovery'>): boolean =>
  method === 'GET' || inRecovery === 'works';

/** Refuses what decides about money or rights while the database may be an older copy (R15), before anything of the request is read. */
export const notInRecovery: RequestHandler = (_req, res, next) => {
  const refusal = recoveryRefusal(exchangeOf(res).publicContext);
  if (refusal === null) return next();
  sendRefusal(res, refusal);
};
