import express, { type Request, type RequestHandler } from 'express';
import type { RouteShape } from '../../contracts/route-shape.js';
import { refuse } from '../../domain/result.js';
import { contentRefusal } from '../content-digest.js';
import { CSV_TYPES } from '../csv-body.js';
import type { ApiDeps } from '../deps.js';
import { exchangeOf } from '../exchange.js';
import { readJson } from '../read-json.js';
import { sendRefusal } from '../respond.js';
import { SPOOL_BYTES } from '../spool.js';

/** 10,000 items with inline payees are about 5 MB. */
const BATCH_BYTES = 16 * 1024 * 1024;
const OTHER_BYTES = 256 * 1024;
/** A bulk delivery of 1,024 outcomes is about 400 kB. */
const RAW_BYTES = 2 * 1024 * 1024;

const JSON_TYPES = ['application/json', 'application/*+json'];

/**
 * Reads the body in the route's format, up to the route's limit in bytes, and holds it against the digest that was signed. Leaves a CSV to the
 * handler, which streams it.
 */
export const body = (deps: Pick<ApiDeps, 'logger'>, shape: RouteShape): RequestHandler[] => {
  if (shape.format === 'raw') return [declaredWithin(() => RAW_BYTES), express.raw({ type: () => true, limit: RAW_BYTES, inflate: false })];
  if (shape.method === 'GET') return [withoutBody];
  const limit = shape.csvQuery ? BATCH_BYTES : OTHER_BYTES;
  const accepted = shape.csvQuery ? [...JSON_TYPES, ...CSV_TYPES] : JSON_TYPES;
  return [
    only(accepted),
    declaredWithin((req) => (req.is(CSV_TYPES) ? SPOOL_BYTES : limit)),
    express.raw({ type: JSON_TYPES, limit }),
    asSigned(deps),
    parsed,
  ];
};

/** What a caller writes into the body of a GET would be dropped (RFC 9110, 9.3.1). */
const withoutBody: RequestHandler = (req, res, next) => {
  if (req.headers['transfer-encoding'] === undefined && Number(req.get('content-length') ?? 0) === 0) return next();
  sendRefusal(res, refuse('malformed_request', 'A GET has no body; write what you mean into the query of the address.').refusal);
};

const only =
  (types: string[]): RequestHandler =>
  (req, res, next) => {
    // `is` answers null when there is no body at all, which validation describes better; a length of 0 is no body either.
    const type = req.get('content-length') === '0' ? null : req.is(types);
    if (type === false)
      return sendRefusal(
        res,
        refuse('unsupported_media_type', `Send the body as ${types.filter((one) => !one.includes('*')).join(' or ')}.`).refusal,
      );
    if (type !== null && !CSV_TYPES.includes(type) && !isUtf8(req.get('content-type')))
      return sendRefusal(res, refuse('unsupported_media_type', 'Send JSON as UTF-8.').refusal);
    next();
  };

/** JSON has no parameters; many callers name its one encoding all the same. */
const isUtf8 = (contentType = ''): boolean => {
  const [, charset = 'utf-8'] = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(contentType) ?? [];
  return charset.toLowerCase() === 'utf-8';
};

/** Answers a body that says itself that it is too large before any of it is read; what still arrives of it is thrown away. */
const declaredWithin =
  (limitOf: (req: Request) => number): RequestHandler =>
  (req, res, next) => {
    const most = limitOf(req);
    if (Number(req.get('content-length') ?? 0) <= most) return next();
    sendRefusal(res, refuse('payload_too_large', `The body is larger than the ${most} bytes that this route accepts.`).refusal);
  };

/** The body-parser has undone a content coding, and the digest is of what came (RFC 9530), so what is signed is sent without one. */
const asSigned =
  (deps: Pick<ApiDeps, 'logger'>): RequestHandler =>
  async (req, res, next) => {
    if (req.is(CSV_TYPES)) return next();
    const isCoded = (req.get('content-encoding') ?? 'identity') !== 'identity';
    const bytes = req.body instanceof Uint8Array ? [req.body] : [];
    const refusal = await contentRefusal(deps, exchangeOf(res), isCoded ? null : { bytes });
    if (!refusal) return next();
    sendRefusal(res, refusal);
  };

const parsed: RequestHandler = (req, res, next) => {
  if (!(req.body instanceof Uint8Array)) return next();
  const read = readJson(req.body);
  if (!read.ok) return sendRefusal(res, read.refusal);
  req.body = read.value;
  next();
};
