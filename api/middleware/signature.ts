import type { Request, RequestHandler } from 'express';
import { isSignedByMachines, type RouteShape } from '../../contracts/route-shape.js';
import { isMachine } from '../../domain/actors.js';
import type { SignableRequest } from '../../domain/http-signature/request.js';
import { verifySignature } from '../../operations/request-signature/verify.js';
import type { ApiDeps } from '../deps.js';
import { contextOf, exchangeOf } from '../exchange.js';
import { sendRefusal } from '../respond.js';
import { targetUriOf } from '../target-uri.js';

/**
 * Verifies the signature of a machine's call from its head (RFC 9421), before any content is read: what this costs an attacker is no file
 * on the disk. The content is held against the signed digest once it is here. Calls of people are not signed.
 */
export const signature =
  (deps: Pick<ApiDeps, 'logger' | 'publicUrl' | 'countSigned'>, shape: RouteShape): RequestHandler =>
  async (req, res, next) => {
    const exchange = exchangeOf(res);
    const context = contextOf(exchange);
    if (!isMachine(context.actor)) return next();
    const { asked, isSigned } = { asked: isSignedByMachines(shape), isSigned: carriesSignature(req) };
    if (!asked && !isSigned) return next();
    const call = { route: exchange.route, method: req.method, isSigned, apiKeyId: context.actor.type === 'api_key' ? context.actor.keyId : null };
    const verification = await verifySignature(context, { ...call, request: signableOf(req, deps.publicUrl) });
    exchange.signature = { result: verification.kind, digests: verification.kind === 'verified' ? verification.digests : null };
    if (asked) res.once('close', () => exchange.signature && deps.countSigned(exchange.signature.result));
    if (verification.kind !== 'refused') return next();
    deps.logger.info({ request_id: exchange.requestId, route: exchange.route, reason: verification.reason }, 'a signature was refused');
    sendRefusal(res, verification.refusal);
  };

const carriesSignature = ({ headersDistinct }: Request): boolean =>
  headersDistinct['signature'] !== undefined || headersDistinct['signature-input'] !== undefined;

/** Null when its target URI is not one of this API. */
const signableOf = (req: Request, publicUrl: string | null): SignableRequest | null => {
  const targetUri = targetUriOf(req, publicUrl);
  if (targetUri === null) return null;
  // A component may be named like a member that every object has.
  const field = (name: string) => (Object.hasOwn(req.headersDistinct, name) ? (req.headersDistinct[name] ?? []) : []);
  return { method: req.method, targetUri, field };
};
