import type { z } from 'zod';
import type { inviteOwner as contract } from '../../contracts/tenants.js';
import type { OperatorActor } from '../../domain/actors.js';
import { toWireId } from '../../domain/ids.js';
import { type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { newLinkToken } from '../email-link/letters.js';
import { answer } from '../idempotency/answer.js';
import { toWireInvitation, type WireInvitation } from '../invitation/view.js';
import { writeLetter } from '../mail/write.js';
import type { Stores } from '../ports.js';
import { OPERATORS_ALONE } from './step.js';

type Owner = z.output<typeof contract>;

/**
 * Invites the first owner of a workspace, or sends them another letter: the link of the earlier one is void, also when it went to another address.
 * Once somebody works in the workspace, people invite people; where somebody works in the other workspace of the organization alone, an owner of
 * that one may still be invited. Refuses with `forbidden` (no operator) or `tenant_has_people`.
 */
export const inviteOwner = (ctx: Context, owner: Owner): Promise<Result<WireInvitation>> =>
  ctx.inTenant(async (stores): Promise<Result<WireInvitation>> => {
    const { actor, tenantId } = ctx;
    const entry = { subject: { type: 'workspace', id: tenantId }, action: 'invitation.create', detail: { roles: ROLES } } as const;
    if (actor.type !== 'operator') return refusedAndAudited(stores, entry, OPERATORS_ALONE);
    // Two operators who invite at once do it one after the other.
    await stores.workspaces.lock();
    if (!(await stores.invitations.mayInviteOwner(actor.operatorId, owner.email.toLowerCase()))) return refusedAndAudited(stores, entry, HAS_PEOPLE);
    return answer(await writeOwnerInvitation(ctx, stores, actor, owner));
  });

/** The invitation with its letter and its event, in the workspace of the transaction. The database refuses it once the tenant has people. */
export const writeOwnerInvitation = async (
  { services, tenantId }: Pick<Context, 'services' | 'tenantId'>,
  stores: Stores,
  operator: OperatorActor,
  { email: typed, name }: Owner,
): Promise<WireInvitation> => {
  const id = services.entropy.newId();
  const email = typed.toLowerCase();
  const replaces = await stores.invitations.revokeOfOperators();
  const { token, hash } = newLinkToken(services);
  const row = await stores.invitations.put({
    ...{ id, email, name, roles: [...ROLES], tokenHash: hash },
    ...{ invitedBy: null, invitedByOperator: operator.operatorId },
  });
  const wire = await toWireInvitation(stores, row);
  const { name: workspace } = await stores.workspaces.get();
  const inviter = `${wire.invited_by.name}, an operator of the platform`;
  const params = { workspace, inviter, roles: ROLES.join(', '), token, expires_at: wire.expires_at };
  await writeLetter({ services }, stores, { name, email }, { template: 'invitation', params });
  await stores.audit.append({
    ...{ subject: { type: 'workspace', id: tenantId }, action: 'invitation.create', result: 'ok' },
    detail: { invitation_id: toWireId('invitation', id), roles: ROLES, replaces },
  });
  return wire;
};

const ROLES = ['owner'];

const HAS_PEOPLE = refuse(
  'tenant_has_people',
  'Somebody works for this tenant, or did. Its people invite others; operators invite the first owner, and an owner of one workspace to the other.',
).refusal;
