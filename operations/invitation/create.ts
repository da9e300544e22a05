import type { z } from 'zod';
import type { createInvitation as contract } from '../../contracts/links.js';
import { permissionsOf } from '../../domain/actors.js';
import { toWireId } from '../../domain/ids.js';
import { permissionsOfRoles } from '../../domain/permissions.js';
import { type Refusal, type Result, refuse, wrongInput } from '../../domain/result.js';
import { refusalBeyondOwn, unknownRoles } from '../../domain/role-changes.js';
import { type Context, refusedAndAudited } from '../context.js';
import { newLinkToken } from '../email-link/letters.js';
import { answer } from '../idempotency/answer.js';
import { writeLetter } from '../mail/write.js';
import { roomRefusal } from '../plan/limits.js';
import { holdDefinedRoles, noSuchRole } from '../role/held.js';
import { toWireInvitation, type WireInvitation } from './view.js';

/**
 * Invites somebody by e-mail to roles of this workspace; the letter has the only copy of the token, which is good for a day and one use. The
 * caller may give roles (`roles.manage`) and holds all that these allow; whether they still do is asked again when it is accepted. Inviting an
 * address again takes the place of its open invitation.
 *
 * Refuses with `forbidden` (no person), `invalid_request` (a role that the workspace does not have), `beyond_own_permissions`,
 * `plan_limit` or `already_member`.
 */
export const createInvitation = async (ctx: Context, input: z.output<typeof contract>): Promise<Result<WireInvitation>> => {
  const { actor, services, tenantId } = ctx;
  if (actor.type !== 'user') return refuse('forbidden', 'Only a person who signed in as themselves invites somebody.');
  const id = services.entropy.newId();
  const email = input.email.toLowerCase();
  const roles = [...new Set(input.roles)].sort();
  return ctx.inTenant(async (stores): Promise<Result<WireInvitation>> => {
    const detail = { invitation_id: toWireId('invitation', id), roles };
    const entry = { subject: { type: 'workspace', id: tenantId }, action: 'invitation.create', detail } as const;
    const refused = (refusal: Refusal) => refusedAndAudited(stores, entry, refusal);
    // Asked again when it is accepted: an invitation takes no place.
    const full = await roomRefusal(stores, 'people');
    if (full) return refused(full);
    // Held until the end, so that no role changes or is deleted while somebody is invited to it.
    const defined = await holdDefinedRoles(ctx, stores, roles);
    const unknown = unknownRoles(roles, defined);
    if (unknown.length > 0) return refused(wrongInput(unknown.map((name) => noSuchRole(input.roles.indexOf(name), name))));
    const beyond = refusalBeyondOwn(permissionsOf(actor), ['roles.manage', ...permissionsOfRoles(roles, defined)], 'invite to these roles');
    if (beyond) return refused(beyond);
    const [member] = (await stores.memberships.list({ limit: 1, email })).rows;
    if (member) return refused(alreadyMember(member.active));
    const replaces = await stores.invitations.isOpen(email);
    const { token, hash } = newLinkToken(services);
    const row = await stores.invitations.put({
      id,
      email,
      name: input.name,
      roles,
      invitedBy: actor.personId,
      invitedByOperator: null,
      tokenHash: hash,
    });
    const wire = await toWireInvitation(stores, row);
    const { name: workspace } = await stores.workspaces.get();
    const params = { workspace, inviter: wire.invited_by.name, roles: roles.join(', '), token, expires_at: wire.expires_at };
    await writeLetter(ctx, stores, { name: input.name, email }, { template: 'invitation', params });
    await stores.audit.append({ ...entry, detail: { ...detail, replaces }, result: 'ok' });
    return answer(wire);
  });
};

const alreadyMember = (active: boolean): Refusal =>
  refuse(
    'already_member',
    active ? 'Somebody with this address works here already; give them the roles.' : 'A member with this address was disabled; enable them.',
  ).refusal;
