import { confirmFreeze } from '../../operations/tenant/confirm.js';
import { createTenant } from '../../operations/tenant/create.js';
import { freezeTenant } from '../../operations/tenant/freeze.js';
import { inviteOwner } from '../../operations/tenant/invite-owner.js';
import { listTenants } from '../../operations/tenant/list.js';
import { confirmOrganizationFreeze, freezeOrganization, thawOrganization, withdrawOrganizationFreeze } from '../../operations/tenant/organization.js';
import { setTenantPlan } from '../../operations/tenant/set-plan.js';
import { showTenant } from '../../operations/tenant/show.js';
import { thawTenant } from '../../operations/tenant/thaw.js';
import { withdrawFreeze } from '../../operations/tenant/withdraw.js';
import type { Handlers } from '../handlers.js';

type Tenants = Extract<
  keyof Handlers,
  `${string}_tenant` | `${string}_tenants` | `${string}_tenant_plan` | `${string}_freeze` | `${string}_organization` | 'invite_owner'
>;

export const tenants: Pick<Handlers, Tenants> = {
  list_tenants: listTenants,
  create_tenant: createTenant,
  invite_owner: inviteOwner,
  show_tenant: showTenant,
  set_tenant_plan: (ctx, input, { publicContext }) => setTenantPlan(ctx, publicContext, input),
  freeze_tenant: freezeTenant,
  thaw_tenant: thawTenant,
  confirm_freeze: confirmFreeze,
  withdraw_freeze: (ctx) => withdrawFreeze(ctx),
  freeze_organization: freezeOrganization,
  thaw_organization: thawOrganization,
  confirm_organization_freeze: confirmOrganizationFreeze,
  withdraw_organization_freeze: withdrawOrganizationFreeze,
};
