import express, { type RequestHandler, type Router } from 'express';
import type { RouteShape } from '../contracts/route-shape.js';
import { ROUTES, type RouteId } from '../contracts/routes.js';
import { isOperatorPermission } from '../domain/permissions.js';
import type { ApiDeps } from './deps.js';
import { exchangeOf } from './exchange.js';
import type { Handlers, JsonOrCsv, Operation, Platform, Public, Signed, Streamed } from './handlers.js';
import { body } from './middleware/body.js';
import { credentials } from './middleware/credentials.js';
import { operatorCredential } from './middleware/operator.js';
import { permission } from './middleware/permission.js';
import { plan } from './middleware/plan.js';
import { networkRate, operatorRate, principalRate } from './middleware/rate.js';
import { notInRecovery, worksInRecovery } from './middleware/recovery.js';
import { sameOrigin } from './middleware/same-origin.js';
import { signature } from './middleware/signature.js';
import { methodNotAllowed } from './middleware/unmatched.js';
import { workspace } from './middleware/workspace.js';
import { serveOperation, servePlatform, servePublic, serveSigned, serveStream, serveTenant, serveUpload } from './serve-route.js';

/**
 * The path of every request, in this order. What comes first protects what comes after it: the network's limit the look-up of a credential and
 * the hash of a password, the permission the budget of a principal, and both limits and the plan the check of a signature and the reading of a
 * body, which is held against its signed digest. Row-level security and the rules of the record itself come in `act`: an operation enters the
 * tenant with its transaction, authorizes there, and writes its event in the same transaction.
 */
export const STAGES = [
  'name',
  'network',
  'authenticate',
  'origin',
  'workspace',
  'scope',
  'rate',
  'plan',
  'recovery',
  'signature',
  'body',
  'act',
] as const;
type Stage = (typeof STAGES)[number];

/** Mounts every route of the table. */
export const bindRoutes = (deps: ApiDeps, handlers: Handlers): Router => {
  const router = express.Router();
  const methods = new Map<string, string[]>();
  for (const [id, shape] of Object.entries(ROUTES) as [RouteId, RouteShape][]) {
    const mount = { GET: router.get, POST: router.post, PATCH: router.patch, DELETE: router.delete }[shape.method].bind(router);
    const stages = stagesOf(deps, id, shape, handlers);
    mount(shape.path, ...STAGES.flatMap((stage) => stages[stage] ?? []));
    methods.set(shape.path, [...(methods.get(shape.path) ?? []), shape.method]);
  }
  for (const [path, allowed] of methods) router.all(path, methodNotAllowed(allowed));
  return router;
};

/** What a route does at each stage. A stage that it does not have is one that it has no need of. */
export const stagesOf = (
  deps: ApiDeps,
  id: RouteId,
  shape: RouteShape,
  handlers: Handlers,
): Readonly<Partial<Record<Stage, readonly RequestHandler[]>>> => ({
  name: [named(id)],
  network: [networkRate(deps, shape.rateClass)],
  ...admission(deps, shape),
  ...(worksInRecovery(shape) ? {} : { recovery: [notInRecovery] }),
  body: body(deps, shape),
  act: [serve(deps, id, shape, handlers)],
});

const named =
  (id: RouteId): RequestHandler =>
  (_req, res, next) => {
    exchangeOf(res).route = id;
    next();
  };

/** Default deny: a route that is not marked `public` or `signed` needs a credential with its permission. */
const admission = (deps: ApiDeps, shape: RouteShape) => {
  const { permission: needed } = shape;
  if (needed === 'public' || needed === 'signed') return {};
  if (isOperatorPermission(needed)) return platformAdmission(deps, shape);
  return {
    authenticate: [credentials(deps)],
    origin: [sameOrigin],
    workspace: [workspace],
    scope: [permission(needed)],
    rate: [principalRate(deps, shape.rateClass)],
    plan: [plan],
    signature: [signature(deps, shape)],
  };
};

/**
 * A route of the platform takes an operator's credential alone, from a header, and every operator holds every permission of its kind. What an
 * operator sends is not counted with the workspace: whoever floods it would keep it from being frozen.
 */
const platformAdmission = (deps: ApiDeps, shape: RouteShape) => ({
  authenticate: [operatorCredential(deps)],
  rate: [operatorRate(deps, shape.rateClass)],
});

/** The shape of a route decides how it is served; the types of `Handlers` follow the same rules. */
const serve = (deps: ApiDeps, id: RouteId, shape: RouteShape, handlers: Handlers): RequestHandler => {
  const handler: unknown = handlers[id];
  if (shape.permission === 'public') return servePublic(shape, handler as Public<never>);
  if (shape.permission === 'signed') return serveSigned(shape, handler as Signed<never>);
  if (isOperatorPermission(shape.permission))
    return shape.params && 'workspace_id' in shape.params.shape
      ? serveTenant(id, shape, handler as Operation<never>)
      : servePlatform(shape, handler as Platform<never>);
  if (shape.format === 'events' || shape.format === 'lines') return serveStream(shape, shape.permission, handler as Streamed<never>);
  if (shape.csvQuery) return serveUpload(deps, id, shape, shape.csvQuery, handler as JsonOrCsv<never>);
  return serveOperation(id, shape, handler as Operation<never>);
};
