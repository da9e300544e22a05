import type { RequestHandler } from 'express';
import type { ApiDeps } from '../deps.js';
import { beginExchange } from '../exchange.js';

const SANE = /^[A-Za-z0-9._:-]{8,64}$/;

/**
 * Gives every request an id and puts it on every response: the caller's `Request-Id` if it is well-formed, else the trace id
 * of its `traceparent` (so that one id finds the request in logs, audit events and the workflow), else a new one.
 */
export const requestId =
  (deps: Pick<ApiDeps, 'publicContext' | 'newRequestId' | 'trace'>): RequestHandler =>
  (req, res, next) => {
    const asked = req.get('request-id');
    const traceparent = req.get('traceparent');
    const own = asked && SANE.test(asked) ? asked : null;
    const made = own ?? deps.newRequestId();
    const trace = deps.trace(traceparent, made);
    const id = own === null && traceparent?.includes(trace.traceId) ? trace.traceId : made;
    res.set('Request-Id', id);
    beginExchange(res, {
      req,
      res,
      requestId: id,
      trace,
      route: 'unmatched',
      publicContext: deps.publicContext(id),
      context: null,
      operator: null,
      authenticate: () => Promise.reject(new Error('this route takes no credential')),
      credential: null,
      plan: null,
      limits: [],
      signature: null,
    });
    next();
  };
