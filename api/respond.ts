import type { Response } from 'express';
import type { RouteShape } from '../contracts/route-shape.js';
import { PROBLEMS } from '../domain/problems.js';
import type { Refusal, Result } from '../domain/result.js';
import { exchangeOf } from './exchange.js';

/** A refusal as an RFC 9457 problem. `type` is stable and leads to the description of the code. */
export const toProblem = (refusal: Refusal, requestId: string) => {
  const { status, title } = PROBLEMS[refusal.code];
  return {
    ...refusal.extra,
    type: `/docs/errors#${refusal.code}`,
    title,
    status,
    detail: refusal.detail,
    code: refusal.code,
    request_id: requestId,
    ...(refusal.errors ? { errors: refusal.errors } : {}),
  };
};

/** Sends a refusal as its problem, once it was counted where it is a sign of something. */
export const sendRefusal = (res: Response, refusal: Refusal): void => {
  const exchange = exchangeOf(res);
  const noting = exchange.noteRefusal?.(refusal);
  // A request is counted once, also when its answer fails afterwards.
  exchange.noteRefusal = null;
  if (noting) void noting.then(() => res.headersSent || write(res, refusal));
  else write(res, refusal);
};

/** Writes it, with `Retry-After` in whole seconds where the refusal says how long. */
const write = (res: Response, refusal: Refusal): void => {
  const problem = toProblem(refusal, exchangeOf(res).requestId);
  const wait = refusal.extra?.['retry_after_seconds'];
  if (typeof wait === 'number') res.set('Retry-After', String(Math.max(1, Math.ceil(wait))));
  else if (PROBLEMS[refusal.code].retryable && PROBLEMS[refusal.code].status === 503) res.set('Retry-After', '1');
  if (problem.status === 401) res.set('WWW-Authenticate', 'Bearer realm="sluice"');
  res.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
};

/** Sends what a handler returned: the resource with the route's status, or the refusal as a problem. A handler that has answered is left alone. */
export const sendResult = (res: Response, shape: RouteShape, result: Result<unknown>): void => {
  if (!result.ok) sendRefusal(res, result.refusal);
  else if (!res.headersSent) res.status(shape.out.status).json(result.value);
};
