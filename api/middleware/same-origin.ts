import type { Request, RequestHandler } from 'express';
import { refuse } from '../../domain/result.js';
import { exchangeOf } from '../exchange.js';
import { sendRefusal } from '../render-problem.js';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Cross-site request forgery: a browser sends the cookie by itself, so an unsafe request that rests on the cookie must
 * prove that our own page made it (Fetch Metadata, else `Origin`). Callers with a header credential are not concerned.
 */
export const sameOrigin: RequestHandler = (req, res, next) => {
  if (exchangeOf(res).credential !== 'cookie' || SAFE.has(req.method) || isSameOrigin(req)) return next();
  sendRefusal(res, refuse('forbidden', 'A request with the session cookie must come from a page of this origin.').refusal);
};

const isSameOrigin = (req: Request): boolean => {
  const site = req.get('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const origin = req.get('origin');
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === req.get('host');
};
