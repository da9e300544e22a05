import type { RequestHandler } from 'express';
import type { ApiDeps } from '../deps.js';
import { exchangeOf } from '../exchange.js';

/** Measures the time of every exchange under its route id, so that no resource id becomes a label. */
export const measure =
  (observe: ApiDeps['observeHttp']): RequestHandler =>
  (req, res, next) => {
    const from = performance.now();
    res.once('close', () => {
      observe({ method: req.method, route: exchangeOf(res).route, status: res.statusCode, seconds: (performance.now() - from) / 1_000 });
    });
    next();
  };
