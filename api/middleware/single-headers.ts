import type { RequestHandler } from 'express';
import { refuse } from '../../domain/result.js';
import { sendRefusal } from '../respond.js';

/** Node keeps the first of several and drops the others, so a proxy in front of it may have decided by another one. */
const SINGLE = ['host', 'authorization', 'content-type'];

/** Refuses a request that has one of these headers twice (of Host, RFC 9112 §3.2 demands it). */
export const singleHeaders: RequestHandler = (req, res, next) => {
  const repeated = SINGLE.find((name) => (req.headersDistinct[name]?.length ?? 0) > 1);
  if (!repeated) return next();
  sendRefusal(res, refuse('malformed_request', `The request has several headers ${repeated}. Send one.`).refusal);
};
