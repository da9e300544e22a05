import type { z } from 'zod';
import type { defineRole as contract } from '../../contracts/people.js';
import { permissionsOf } from '../../domain/actors.js';
import { isRole } from '../../domain/permissions.js';
import { type Refusal, type Result, refuse } from '../../domain/result.js';
import { allowedByRole, refusalBeyondOwn, WORKSPACE_ROLES_MAX } from '../../domain/role-changes.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { sealRole } from '../membership/seal.js';
import { toWireRole, type WireRole } from './view.js';

/**
 * Defines a role of this workspace out of the permissions there are; the caller holds them all. Refuses with `beyond_own_permissions`,
 * `role_name_taken` or `too_many_roles`.
 */
export const defineRole = (ctx: Context, input: z.output<typeof contract>): Promise<Result<WireRole>> =>
  ctx.inTenant(async (stores) => {
    const permissions = allowedByRole(input.permissions);
    const entry = {
      subject: { type: 'workspace' as const, id: ctx.tenantId },
      action: 'role.define',
      detail: { role: input.name, permissions: [...permissions] },
    };
    const refused = (refusal: Refusal) => refusedAndAudited(stores, entry, refusal);
    const beyond = refusalBeyondOwn(permissionsOf(ctx.actor), permissions, 'define such a role');
    if (beyond) return refused(beyond);
    if (isRole(input.name)) return refused(taken(`Every workspace has a role ${input.name}; choose another name.`));
    // Roles are few, and a race for the last place costs nothing.
    if ((await stores.roles.list()).length >= WORKSPACE_ROLES_MAX)
      return refused(
        refuse('too_many_roles', `A workspace defines at most ${WORKSPACE_ROLES_MAX} roles. Delete one that nobody has, or change one.`).refusal,
      );
    const eventId = stores.audit.newId();
    const seal = sealRole(ctx.services.membershipKey, { tenantId: ctx.tenantId, name: input.name, permissions, eventId });
    const made = await stores.roles.insert({ name: input.name, permissions, ...seal });
    if (!made) return refused(taken(`The workspace has a role ${input.name} already; change it, or choose another name.`));
    await stores.audit.append({ ...entry, id: eventId, result: 'ok' });
    return answer(toWireRole(made, 0));
  });

const taken = (detail: string): Refusal => refuse('role_name_taken', detail).refusal;
