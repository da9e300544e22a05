import type { z } from 'zod';
import type { createTenant as contract, organization } from '../../contracts/tenants.js';
import { toWireId } from '../../domain/ids.js';
import { ok, type Result, refuse } from '../../domain/result.js';
import type { PlatformContext } from '../context.js';
import { writeOwnerInvitation } from './invite-owner.js';
import { operatorsIn, toWireTenant } from './view.js';

export type WireOrganization = z.infer<typeof organization>;

/**
 * Makes an organization with a live and a test workspace. Live asks for signed calls from the start; funding accounts and rail connections are
 * the workspace's own to make. The same operator and Idempotency-Key make it once: a repeat answers what stands, and refuses another name, plan or
 * address of the owner with `idempotency_key_reused`.
 *
 * The first owner is invited to each of the two, by a letter each.
 */
export const createTenant = async (
  platform: PlatformContext,
  { name, plan, owner, key }: z.output<typeof contract> & { key: string },
): Promise<Result<WireOrganization>> => {
  const { operator, operators, services } = platform;
  const { newId } = services.entropy;
  const [organizationId, live, test] = [newId(), newId(), newId()];
  const made = await operators.createTenant({ operatorId: operator.operatorId, key, organizationId, name, plan, live, test });
  if (made.name !== name || (made.plan !== null && made.plan !== plan))
    return refuse('idempotency_key_reused', 'This Idempotency-Key made an organization of another name or plan; use a new key for a new one.');
  const tenants = await operators.tenantsOf(made.organizationId);
  const names = await operators.names(operatorsIn(tenants.map(({ freeze }) => freeze)));
  for (const { workspace } of tenants) {
    const ctx = platform.enter(workspace.tenantId, workspace.mode, operator);
    const invited = await ctx.inTenant(async (stores) => {
      // A repeat after a break-off finds the workspace and writes the event that is missing.
      await stores.workspaces.lock();
      const subject = { type: 'workspace', id: workspace.tenantId } as const;
      const action = 'workspace.create';
      const { rows } = await stores.audit.list({ limit: 1, subjectType: subject.type, subjectId: subject.id, action });
      if (rows.length > 0) return stores.invitations.firstOwner();
      const { email } = await writeOwnerInvitation(ctx, stores, operator, owner);
      await stores.audit.append({ subject, action, result: 'ok', detail: { organization_id: made.organizationId, plan } });
      return email;
    });
    if (invited !== null && invited !== owner.email.toLowerCase())
      return refuse('idempotency_key_reused', 'This Idempotency-Key made an organization whose first owner is invited at another address.');
  }
  return ok({
    object: 'organization',
    id: toWireId('organization', made.organizationId),
    name: made.name,
    workspaces: tenants.map((one) => toWireTenant(one, names)),
  });
};
