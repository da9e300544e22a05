import type { RequestHandler, Response } from 'express';
import type { z } from 'zod';
import type { RouteShape } from '../contracts/route-shape.js';
import type { RouteId } from '../contracts/routes.js';
import { toHex } from '../domain/hashing.js';
import type { Permission } from '../domain/permissions.js';
import { type Result, refuse } from '../domain/result.js';
import type { Context } from '../operations/context.js';
import { idempotent } from '../operations/idempotency/guard.js';
import { contentRefusal } from './content-digest.js';
import { CSV_TYPES, csvOf, FORM } from './csv-body.js';
import type { ApiDeps } from './deps.js';
import { contextOf, exchangeOf, operatorOf } from './exchange.js';
import type { JsonOrCsv, Operation, Platform, Public, Signed, Streamed } from './handlers.js';
import { readCsvQuery, readInput } from './read-input.js';
import { recheckOf } from './recheck.js';
import { sendResult } from './respond.js';
import { spooled } from './spool.js';

/** ms. A million rows take minutes, and no other request may take the key over meanwhile. */
const LONG_LEASE_MS = 15 * 60_000;
const LEASES_MS: Partial<Record<RouteId, number>> = { cancel_payout_batch: LONG_LEASE_MS };
const KEY_FORM = /^[\x21-\x7e]{1,255}$/;

export const serveOperation =
  (id: RouteId, shape: RouteShape, operation: Operation<never>): RequestHandler =>
  async (req, res) => {
    const input = readInput(req, shape);
    if (!input.ok) return sendResult(res, shape, input);
    await once(res, id, shape, input.value, (ctx) => operation(ctx, input.value as never, exchangeOf(res)), LEASES_MS[id]);
  };

/** A public route. An `Idempotency-Key` has no effect on it: without a workspace there is no place to store an answer (ADR 0014). */
export const servePublic =
  (shape: RouteShape, handler: Public<never>): RequestHandler =>
  async (req, res) => {
    const input = readInput(req, shape);
    const exchange = exchangeOf(res);
    sendResult(res, shape, input.ok ? await handler(exchange.publicContext, input.value as never, exchange) : input);
  };

/** A route of the platform about one workspace, which the operator enters once the request is read. */
export const serveTenant =
  (id: RouteId, shape: RouteShape, operation: Operation<never>): RequestHandler =>
  async (req, res) => {
    const input = readInput(req, shape);
    if (!input.ok) return sendResult(res, shape, input);
    const exchange = exchangeOf(res);
    const found = await exchange.publicContext.operators.tenant(String(input.value['workspace_id']));
    if (!found) return sendResult(res, shape, refuse('not_found', 'There is no such workspace; GET /v1/tenants lists them.'));
    const { tenantId, mode } = found.workspace;
    exchange.context = exchange.publicContext.enter(tenantId, mode, operatorOf(exchange));
    await once(res, id, shape, input.value, (ctx) => operation(ctx, input.value as never, exchange));
  };

/** A route of the platform without one workspace: what it makes keeps the Idempotency-Key itself, since there is no place to store an answer. */
export const servePlatform =
  (shape: RouteShape, handler: Platform<never>): RequestHandler =>
  async (req, res) => {
    const input = readInput(req, shape);
    if (!input.ok) return sendResult(res, shape, input);
    const missing = missingKey(res, shape);
    if (missing) return sendResult(res, shape, missing);
    const exchange = exchangeOf(res);
    const platform = { ...exchange.publicContext, operator: operatorOf(exchange) };
    sendResult(res, shape, await handler(platform, { ...input.value, key: req.get('idempotency-key') ?? '' } as never));
  };

export const serveSigned =
  (shape: RouteShape, handler: Signed<never>): RequestHandler =>
  async (req, res) => {
    const input = readInput(req, shape);
    if (!input.ok) return sendResult(res, shape, input);
    const raw = req.body instanceof Uint8Array ? req.body : new Uint8Array();
    const headers = Object.fromEntries(Object.keys(req.headers).map((name) => [name, req.get(name)]));
    sendResult(res, shape, await handler(exchangeOf(res).publicContext, { ...input.value, raw, headers } as never));
  };

export const serveStream =
  (shape: RouteShape, permission: Permission, handler: Streamed<never>): RequestHandler =>
  async (req, res) => {
    const input = readInput(req, shape);
    const exchange = exchangeOf(res);
    const result = input.ok ? await handler(contextOf(exchange), input.value as never, exchange, recheckOf(exchange, permission)) : input;
    if (!result.ok) sendResult(res, shape, result);
  };

/**
 * Serves JSON like any other route. A CSV is written to a file first, and its SHA-256 stands for its content in the idempotent
 * input and for the signed digest. Nothing is stored before that was compared.
 */
export const serveUpload = (
  deps: Pick<ApiDeps, 'spoolDir' | 'newRequestId' | 'logger'>,
  id: RouteId,
  shape: RouteShape,
  csvQuery: z.ZodObject,
  handler: JsonOrCsv<never>,
): RequestHandler => {
  const json = serveOperation(id, shape, handler.json);
  return async (req, res, next) => {
    if (!req.is(CSV_TYPES)) return json(req, res, next);
    const csv = csvOf(req);
    if (!csv.ok) return sendResult(res, shape, csv);
    const query = readCsvQuery(req, csvQuery);
    if (!query.ok) return sendResult(res, shape, query);
    const missing = missingKey(res, shape);
    if (missing) return sendResult(res, shape, missing);
    const received = await spooled(csv.value, deps.spoolDir, deps.newRequestId(), async (file) => {
      // A signed digest is of the whole content, and that of a form is more than its file.
      const unlike = await contentRefusal(deps, exchangeOf(res), req.is(FORM) ? null : { sha256: file.sha256, bytes: file.open() });
      if (unlike) return { ok: false, refusal: unlike };
      const input = { query: query.value, sha256: toHex(file.sha256) };
      const respondAsync = prefersAsync(req.get('prefer'));
      if (respondAsync) res.set('Preference-Applied', 'respond-async');
      await once(res, id, shape, input, (ctx) => handler.csv(ctx, query.value as never, file, { respondAsync }), LONG_LEASE_MS);
      return { ok: true, value: null };
    });
    if (!received.ok) sendResult(res, shape, received);
  };
};

/** RFC 7240, section 4.1: the client would rather not wait for the batch. */
const prefersAsync = (prefer: string | undefined): boolean =>
  (prefer ?? '').split(',').some((one) => one.split(';')[0]?.trim().toLowerCase() === 'respond-async');

/** Runs `work`, once per Idempotency-Key where the route takes one, and sends its result. */
const once = async (
  res: Response,
  id: RouteId,
  shape: RouteShape,
  input: object,
  work: (ctx: Context) => Promise<Result<unknown>>,
  leaseMs?: number,
): Promise<void> => {
  const ctx = contextOf(exchangeOf(res));
  const missing = missingKey(res, shape);
  if (missing) return sendResult(res, shape, missing);
  const key = shape.idempotency ? exchangeOf(res).req.get('idempotency-key') : undefined;
  if (key === undefined) return sendResult(res, shape, await work(ctx));
  const result = await idempotent(ctx, { route: id, key, input, ...(leaseMs ? { leaseMs } : {}) }, work);
  if (result.replayed) res.set('Idempotent-Replayed', 'true');
  sendResult(res, shape, result);
};

const missingKey = (res: Response, shape: RouteShape): Result<never> | null => {
  const key = exchangeOf(res).req.get('idempotency-key');
  if (key === undefined && shape.idempotency === 'required')
    return refuse('idempotency_key_missing', 'Send an Idempotency-Key header, such as a random UUID, and repeat it when you retry.');
  if (key !== undefined && shape.idempotency && !KEY_FORM.test(key))
    return refuse('invalid_request', 'Idempotency-Key takes 1 to 255 printable ASCII characters.', {
      errors: [{ field: 'Idempotency-Key', reason: 'too_long', message: 'takes 1 to 255 printable ASCII characters' }],
    });
  return null;
};
