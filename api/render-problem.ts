import type { Response } from 'express';
import { PROBLEMS } from '../domain/problems.js';
import type { Refusal } from '../domain/result.js';
import { exchangeOf } from './exchange.js';

/** A refusal as an RFC 9457 problem. `type` is stable and says where the code is described. */
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

/** Answers with a refusal. `Retry-After` is in whole seconds where the refusal says how long. */
export const sendRefusal = (res: Response, refusal: Refusal): void => {
  const problem = toProblem(refusal, exchangeOf(res).requestId);
  const wait = refusal.extra?.['retry_after_seconds'];
  if (typeof wait === 'number') res.set('Retry-After', String(Math.max(1, Math.ceil(wait))));
  else if (PROBLEMS[refusal.code].retryable && PROBLEMS[refusal.code].status === 503) res.set('Retry-After', '1');
  if (problem.status === 401) res.set('WWW-Authenticate', 'Bearer realm="sluice"');
  res.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
};
