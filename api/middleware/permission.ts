import type { RequestHandler } from 'express';
import { holdersOf, type Permission, permissionsOf } from '../../domain/actors.js';
import { refuse } from '../../domain/result.js';
import { refusedAndAudited } from '../../operations/context.js';
import { contextOf, exchangeOf } from '../exchange.js';
import { sendRefusal } from '../respond.js';

/**
 * Checks the permission of the route table before body, parameters or database are read. A refused change is written to the
 * audit log as a failed attempt; a refused read only to the request log.
 */
export const permission =
  (needed: Permission): RequestHandler =>
  async (req, res, next) => {
    const exchange = exchangeOf(res);
    const context = contextOf(exchange);
    if (permissionsOf(context.actor).includes(needed)) return next();
    const { refusal } = refuse('forbidden', `This needs the permission ${needed}, which this principal does not have; ${holdersOf(needed)} may.`, {
      extra: { permission: needed },
    });
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      const entry = { subject: { type: 'workspace', id: context.tenantId }, action: 'request.refuse', detail: { route: exchange.route } } as const;
      await context.inTenant((stores) => refusedAndAudited(stores, entry, refusal));
    }
    sendRefusal(res, refusal);
  };
