import type { RequestHandler } from 'express';
import { fromWireId } from '../../domain/ids.js';
import { refuse } from '../../domain/result.js';
import { contextOf, exchangeOf } from '../exchange.js';
import { sendRefusal } from '../render-problem.js';

/** A `Sluice-Workspace` header states where the caller believes to be. Another place than the credential's is refused before any read. */
export const workspace: RequestHandler = (req, res, next) => {
  const stated = req.get('sluice-workspace');
  if (stated === undefined || fromWireId('workspace', stated) === contextOf(exchangeOf(res)).tenantId) return next();
  sendRefusal(res, refuse('workspace_mismatch', 'Sluice-Workspace names another workspace than the credential belongs to.').refusal);
};
