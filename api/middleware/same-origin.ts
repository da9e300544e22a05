import type { Request, RequestHandler } from 'express';
import { refuse } from '../../domain/result.js';
import { exchangeOf } from '../exchange.js';
import { sendRefusal } from '../respond.js';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Stops cross-site request forgery. A browser sends the cookie by itself, so an unsafe request with the cookie must come from
 * a page of this origin (Fetch Metadata, else `Origin`). Requests with a credential in a header pass.
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
