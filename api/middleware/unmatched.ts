import type { RequestHandler } from 'express';
import { refuse } from '../../domain/result.js';
import { sendRefusal } from '../respond.js';

export const noSuchPath: RequestHandler = (_req, res) => {
  sendRefusal(res, refuse('not_found', 'There is nothing at this path; GET /openapi.json lists every route.').refusal);
};

/** The path exists, the method does not (RFC 9110 §15.5.6). */
export const methodNotAllowed =
  (allowed: readonly string[]): RequestHandler =>
  (_req, res) => {
    res.set('Allow', allowed.join(', '));
    sendRefusal(res, refuse('method_not_allowed', `This path takes ${allowed.join(', ')}.`).refusal);
  };
