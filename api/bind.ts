import express, { type RequestHandler, type Router } from 'express';
import type { RouteShape } from '../contracts/route-shape.js';
import { ROUTES, type RouteId } from '../contracts/routes.js';
import type { ApiDeps } from './deps.js';
import { exchangeOf } from './exchange.js';
import type { Handlers, JsonOrCsv, Operation, Public, Signed, Streamed } from './handlers.js';
import { body } from './middleware/body.js';
import { credentials } from './middleware/credentials.js';
import { permission } from './middleware/permission.js';
import { notInRecovery, worksInRecovery } from './middleware/recovery.js';
import { sameOrigin } from './middleware/same-origin.js';
import { signature } from './middleware/signature.js';
import { methodNotAllowed } from './middleware/unmatched.js';
import { workspace } from './middleware/workspace.js';
import { serveOperation, servePublic, serveSigned, serveStream, serveUpload } from './serve-route.js';

/**
 * Mounts every route of the table. The order is fixed: credential, origin, workspace, permission, recovery mode, signature. Only then the
 * body is read, held against its signed digest, the input parsed and the operation called.
 */
export const bindRoutes = (deps: ApiDeps, handlers: Handlers): Router => {
  const router = express.Router();
  const methods = new Map<string, string[]>();
  for (const [id, shape] of Object.entries(ROUTES) as [RouteId, RouteShape][]) {
    const mount = { GET: router.get, POST: router.post, PATCH: router.patch, DELETE: router.delete }[shape.method].bind(router);
    mount(shape.path, named(id), ...admission(deps, shape), ...body(deps, shape), serve(deps, id, shape, handlers));
    methods.set(shape.path, [...(methods.get(shape.path) ?? []), shape.method]);
  }
  for (const [path, allowed] of methods) router.all(path, methodNotAllowed(allowed));
  return router;
};

const named =
  (id: RouteId): RequestHandler =>
  (_req, res, next) => {
    exchangeOf(res).route = id;
    next();
  };

/** Default deny: a route that is not marked `public` or `signed` needs a credential with its permission. */
const admission = (deps: ApiDeps, shape: RouteShape): RequestHandler[] => {
  const recovery = worksInRecovery(shape) ? [] : [notInRecovery];
  if (shape.permission === 'public' || shape.permission === 'signed') return recovery;
  return [credentials(deps), sameOrigin, workspace, permission(shape.permission), ...recovery, signature(deps, shape)];
};

/** The shape of a route decides how it is served; the types of `Handlers` follow the same rules. */
const serve = (deps: ApiDeps, id: RouteId, shape: RouteShape, handlers: Handlers): RequestHandler => {
  const handler: unknown = handlers[id];
  if (shape.permission === 'public') return servePublic(shape, handler as Public<never>);
  if (shape.permission === 'signed') return serveSigned(shape, handler as Signed<never>);
  if (shape.format === 'events' || shape.format === 'lines') return serveStream(shape, shape.permission, handler as Streamed<never>);
  if (shape.csvQuery) return serveUpload(deps, id, shape, shape.csvQuery, handler as JsonOrCsv<never>);
  return serveOperation(id, shape, handler as Operation<never>);
};
