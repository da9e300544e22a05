import type { Request, RequestHandler } from 'express';
import { type Refusal, refuse } from '../../domain/result.js';
import { sendRefusal } from '../respond.js';

/** Node keeps the first of several and drops the others, or joins them, so a proxy in front of it may have decided by another one. */
const SINGLE = ['host', 'authorization', 'content-type', 'x-api-key'];

/**
 * Refuses a request whose head two servers may read differently: one of these headers twice (of Host, RFC 9112 §3.2 demands it), and a
 * transfer coding beside `chunked`, or that one twice (§6.1). Names are read as they came, since Node's own collections have merged them.
 */
export const singleHeaders: RequestHandler = (req, res, next) => {
  const refusal = refusalOfNames(namesOf(req)) ?? refusalOfCoding(req.headers['transfer-encoding']);
  if (!refusal) return next();
  // Where this content ends is not sure, so nothing behind it is taken for a request.
  res.set('Connection', 'close');
  sendRefusal(res, refusal);
};

const namesOf = ({ rawHeaders }: Pick<Request, 'rawHeaders'>): string[] =>
  rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());

const refusalOfNames = (names: readonly string[]): Refusal | null => {
  const repeated = SINGLE.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (repeated) return refuse('malformed_request', `The request has several headers ${repeated}. Send one.`).refusal;
  const inherited = names.find(isInherited);
  return inherited
    ? refuse('malformed_request', `The request has a header ${inherited}, which is the name of no header. Leave it out.`).refusal
    : null;
};

/** Some versions of Node collect headers in a plain object, find what every object has under such a name, and throw. */
const isInherited = (name: string): boolean => name in Object.prototype;

const refusalOfCoding = (coding: string | undefined): Refusal | null =>
  coding === undefined || coding.toLowerCase() === 'chunked'
    ? null
    : refuse('malformed_request', 'Send the content with a Content-Length, or with the one transfer coding chunked.').refusal;
