import type { RequestHandler } from 'express';
import { fromWireId } from '../../domain/ids.js';
import { refuse } from '../../domain/result.js';
import { contextOf, exchangeOf } from '../exchange.js';
import { sendRefusal } from '../respond.js';

/** Refuses a `Sluice-Workspace` header that names another workspace than the credential's, before anything is read. */
export const workspace: RequestHandler = (req, res, next) => {
  const stated = req.get('sluice-workspace');
  if (stated === undefined || fromWireId('workspace', stated) === contextOf(exchangeOf(res)).tenantId) return next();
  sendRefusal(res, refuse('workspace_mismatch', 'Sluice-Workspace names another workspace than the credential belongs to.').refusal);
};
