import { toWireId } from '../../domain/ids.js';
import { ok, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { toWireInvitation, type WireInvitation } from './view.js';

/** Withdraws an invitation: its link is void at once. Refuses with `not_found`, also for one that is over. */
export const revokeInvitation = (ctx: Context, { invitation_id: id }: { invitation_id: string }): Promise<Result<WireInvitation>> =>
  ctx.inTenant(async (stores): Promise<Result<WireInvitation>> => {
    const entry = {
      subject: { type: 'workspace', id: ctx.tenantId },
      action: 'invitation.revoke',
      detail: { invitation_id: toWireId('invitation', id) },
    } as const;
    const revoked = await stores.invitations.revoke(id);
    if (!revoked) return refusedAndAudited(stores, entry, refuse('not_found', 'This workspace has no such invitation that is open.').refusal);
    const wire = await toWireInvitation(stores, revoked);
    await stores.audit.append({ ...entry, result: 'ok' });
    return ok(wire);
  });
