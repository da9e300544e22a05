import type { Response } from 'express';
import type { RouteShape } from '../contracts/route-shape.js';
import type { Result } from '../domain/result.js';
import { sendRefusal } from './render-problem.js';

/** Sends what a handler returned: the resource with the route's status, or the refusal as a problem. */
export const answer = (res: Response, shape: RouteShape, result: Result<unknown>): void => {
  if (!result.ok) sendRefusal(res, result.refusal);
  else if (!res.headersSent) res.status(shape.out.status).json(result.value);
};
