import type { z } from 'zod';
import type { editRole as contract } from '../../contracts/people.js';
import { permissionsOf } from '../../domain/actors.js';
import type { AuditEntry } from '../../domain/audit/event.js';
import { isRole } from '../../domain/permissions.js';
import { ok, type Refusal, type Result, refuse } from '../../domain/result.js';
import { allowedByRole, refusalBeyondOwn } from '../../domain/role-changes.js';
import { type Context, refusedAndAudited } from '../context.js';
import { sealRole } from '../membership/seal.js';
import type { Stores } from '../ports.js';
import type { WorkspaceRoleRow } from '../stores/roles.js';
import { toWireRole, type WireRole } from './view.js';

/**
 * Changes what a role of this workspace allows; it takes hold for everybody who has it at their next request. The caller holds all that it
 * allowed and will allow. Refuses with `not_found`, `role_fixed`, `role_changed` (another `row_version` is current) or
 * `beyond_own_permissions`.
 */
export const editRole = (ctx: Context, input: { role: string } & z.output<typeof contract>): Promise<Result<WireRole>> =>
  change(ctx, input.role, 'role.edit', async (stores, row, eventId) => {
    const permissions = allowedByRole(input.permissions);
    const detail = { permissions_before: [...row.permissions], permissions };
    if (input.row_version !== undefined && input.row_version !== row.rowVersion)
      return {
        detail,
        refusal: refuse('role_changed', 'Somebody changed the role after you read it. Read it again, then decide.', {
          extra: { row_version: row.rowVersion },
        }).refusal,
      };
    const refusal = refusalBeyondOwn(permissionsOf(ctx.actor), [...row.permissions, ...permissions], 'change this role so');
    if (refusal) return { detail, refusal };
    const seal = sealRole(ctx.services.membershipKey, { tenantId: ctx.tenantId, name: row.name, permissions, eventId });
    await stores.roles.change(row.name, permissions, seal);
    return { detail, row: { ...row, permissions, rowVersion: row.rowVersion + 1 } };
  });

/** Deletes a role that no member has, not even a disabled one. Refuses with `not_found`, `role_fixed`, `role_in_use` or `beyond_own_permissions`. */
export const deleteRole = (ctx: Context, input: { role: string }): Promise<Result<WireRole>> =>
  change(ctx, input.role, 'role.delete', async (stores, row) => {
    const detail = { permissions_before: [...row.permissions] };
    const refusal =
      refusalBeyondOwn(permissionsOf(ctx.actor), row.permissions, 'delete this role') ??
      ((await stores.roles.isHeld(row.name)) ? refuse('role_in_use', 'A member has this role. Give them other roles first.').refusal : null);
    if (refusal) return { detail, refusal };
    await stores.roles.delete(row.name);
    return { detail, row };
  });

type Changed = { detail: AuditEntry['detail'] } & ({ refusal: Refusal } | { row: WorkspaceRoleRow });

/** Locks the role, does the work, and writes the event, of a refusal too. */
const change = (
  ctx: Context,
  name: string,
  action: string,
  work: (stores: Stores, row: WorkspaceRoleRow, eventId: string) => Promise<Changed>,
): Promise<Result<WireRole>> =>
  ctx.inTenant(async (stores) => {
    const subject = { type: 'workspace', id: ctx.tenantId } as const;
    const row = await stores.roles.lock(name);
    if (!row) return refusedAndAudited(stores, { subject, action, detail: { role: name } }, absent(name));
    const eventId = stores.audit.newId();
    const done = await work(stores, row, eventId);
    const entry = { subject, action, detail: { role: name, ...done.detail } };
    if ('refusal' in done) return refusedAndAudited(stores, entry, done.refusal);
    const members = (await stores.roles.memberCounts()).get(name) ?? 0;
    await stores.audit.append({ ...entry, id: eventId, result: 'ok' });
    return ok(toWireRole(done.row, members));
  });

const absent = (name: string): Refusal =>
  isRole(name)
    ? refuse('role_fixed', `Every workspace has the role ${name}, and nobody changes it. Define a role of your own instead.`).refusal
    : refuse('not_found', 'This workspace has no such role.').refusal;
