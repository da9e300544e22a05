import type { Request, RequestHandler, Response } from 'express';
import { type Actor, permissionsOf } from '../../domain/actors.js';
import { holdersOf, type Permission } from '../../domain/permissions.js';
import { type Refusal, refuse } from '../../domain/result.js';
import { refusedAndAudited } from '../../operations/context.js';
import { WAKE } from '../../operations/session/view.js';
import { contextOf, exchangeOf } from '../exchange.js';
import { sendRefusal } from '../respond.js';

/** Why this actor may not do what needs the permission; null when they may. */
export const lacks = (actor: Actor, needed: Permission): Refusal | null => {
  if (permissionsOf(actor).includes(needed)) return null;
  const sleeps = actor.type === 'user' && actor.sleeping?.includes(needed);
  return sleeps
    ? refuse('forbidden', `The permission ${needed} sleeps, because you signed in without a second factor. ${WAKE}`, {
        extra: { permission: needed, sleeps: true },
      }).refusal
    : refuse('forbidden', `This needs the permission ${needed}, which this principal does not have; ${holdersOf(needed)} may.`, {
        extra: { permission: needed },
      }).refusal;
};

/** Checks the permission of the route table before body, parameters or database are read. */
export const permission =
  (needed: Permission): RequestHandler =>
  async (req, res, next) => {
    const refusal = lacks(contextOf(exchangeOf(res)).actor, needed);
    if (!refusal) return next();
    await refuseRequest(req, res, refusal);
  };

/** Refuses a request whole. A refused change is written to the audit log as a failed attempt; a refused read only to the request log. */
export const refuseRequest = async (req: Request, res: Response, refusal: Refusal): Promise<void> => {
  const exchange = exchangeOf(res);
  const context = contextOf(exchange);
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    const entry = { subject: { type: 'workspace', id: context.tenantId }, action: 'request.refuse', detail: { route: exchange.route } } as const;
    await context.inTenant((stores) => refusedAndAudited(stores, entry, refusal));
  }
  sendRefusal(res, refusal);
};
