import type { z } from 'zod';
import type { signing } from '../../contracts/signing.js';
import { toWireId } from '../../domain/ids.js';
import { ok, type Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { WorkspaceRow } from '../stores/workspaces.js';

export type WireSigning = z.infer<typeof signing>;

/** What a workspace asks of the calls of its machines, in its wire form. */
export const toWireSigning = ({ tenantId, mode, signingRequiredAt }: WorkspaceRow): WireSigning => ({
  object: 'signing',
  workspace_id: toWireId('workspace', tenantId),
  mode,
  required_at: signingRequiredAt?.toISOString() ?? null,
});

/** Shows whether machine calls of the workspace have to be signed. */
export const showSigning = (ctx: Context): Promise<Result<WireSigning>> =>
  ctx.inTenant(async (stores) => ok(toWireSigning(await stores.workspaces.get())));
