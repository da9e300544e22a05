import { z } from 'zod';
import type { ProblemCode } from '../../domain/problems.js';
import { invitation } from '../links.js';
import { list, type RouteShape, read } from '../route-shape.js';
import * as tenants from '../tenants.js';
import { id } from '../wire.js';

const ofTenant = z.strictObject({ workspace_id: id('workspace') });
const ofOrganization = z.strictObject({ organization_id: id('organization') });

/**
 * A step of a freeze. It works in recovery mode too: nothing is sent then, a restored database may have lost a freeze, and a frozen workspace
 * is recovered by its own people.
 */
const step = <const Problems extends readonly ProblemCode[]>(name: string, summary: string, problems: Problems) =>
  ({
    method: 'POST',
    path: `/v1/tenants/:workspace_id/${name}`,
    summary,
    permission: 'tenants.freeze',
    rateClass: 'write',
    planClass: 'none',
    idempotency: 'optional',
    inRecovery: 'works',
    params: ofTenant,
    out: { status: 200, body: tenants.tenant },
    problems: ['not_found', 'freeze_state', ...problems],
  }) as const;

/**
 * The same for every workspace of an organization at once. It takes no Idempotency-Key, because there is no one workspace to keep an answer in: a
 * step that was taken already is refused with `freeze_state`.
 */
const stepOfAll = <const Problems extends readonly ProblemCode[]>(name: string, summary: string, problems: Problems) =>
  ({
    method: 'POST',
    path: `/v1/organizations/:organization_id/${name}`,
    summary,
    permission: 'tenants.freeze',
    rateClass: 'write',
    planClass: 'none',
    inRecovery: 'works',
    params: ofOrganization,
    out: { status: 200, body: tenants.organizationState },
    problems: ['not_found', 'freeze_state', ...problems],
  }) as const;

/** What operators of the platform do. They send their own credential, which opens no other route, and no credential of a workspace opens these. */
export const TENANT_ROUTES = {
  list_tenants: {
    ...list({
      path: '/v1/tenants',
      summary: 'List workspaces with their plans and freezes',
      permission: 'tenants.read',
      query: tenants.listTenants,
      cursor: 'workspace',
      of: tenants.tenant,
    }),
    planClass: 'none',
  },
  create_tenant: {
    method: 'POST',
    path: '/v1/tenants',
    summary: 'Make an organization with a live and a test workspace, and invite its first owner to both',
    permission: 'tenants.create',
    rateClass: 'write',
    planClass: 'none',
    idempotency: 'required',
    body: tenants.createTenant,
    example: { name: 'Corner Shop', plan: 'team', owner: { email: 'olu@example.com', name: 'Olu Adeyemi' } },
    out: { status: 201, body: tenants.organization },
    problems: [],
  },
  invite_owner: {
    method: 'POST',
    path: '/v1/tenants/:workspace_id/owner-invitation',
    summary: 'Invite the first owner of a workspace once more, while nobody works there; the link of the earlier letter is void',
    permission: 'tenants.create',
    rateClass: 'letter',
    planClass: 'none',
    idempotency: 'optional',
    params: ofTenant,
    body: tenants.inviteOwner,
    example: { email: 'olu@example.com', name: 'Olu Adeyemi' },
    out: { status: 201, body: invitation },
    problems: ['not_found', 'tenant_has_people'],
  },
  show_tenant: {
    ...read({
      path: '/v1/tenants/:workspace_id',
      summary: 'Show a workspace with its plan and its freeze',
      permission: 'tenants.read',
      params: ofTenant,
      out: tenants.tenant,
      problems: ['not_found'],
    }),
    planClass: 'none',
  },
  set_tenant_plan: {
    method: 'POST',
    path: '/v1/tenants/:workspace_id/plan',
    summary: 'Change the plan of an organization, for all its workspaces, by any of them',
    permission: 'tenants.set_plan',
    rateClass: 'write',
    planClass: 'none',
    idempotency: 'optional',
    params: ofTenant,
    body: tenants.setPlan,
    example: { plan: 'growth' },
    out: { status: 200, body: tenants.tenant },
    problems: ['not_found'],
  },
  freeze_tenant: {
    ...step('freeze', 'Ask for a freeze: money stops at once, and another operator confirms the rest', []),
    body: tenants.askForFreeze,
    example: { reason: 'Payees were changed by somebody who is not known' },
  },
  thaw_tenant: {
    ...step('thaw', 'Ask for the thaw of a frozen workspace, which another operator confirms', []),
    body: tenants.askForFreeze,
    example: { reason: 'Its owner got the account back' },
  },
  confirm_freeze: {
    ...step('confirm', 'Confirm the freeze or the thaw that another operator asked for', ['freeze_same_person']),
    body: tenants.confirmFreeze,
    example: { freeze_id: 'freeze_0198c2aa7c1e7b3d9f10a4c2e6b80d11', step: 'freeze' },
  },
  withdraw_freeze: step('withdraw', 'Take back what you asked for while nobody has confirmed it', []),
  freeze_organization: {
    ...stepOfAll('freeze', 'Ask for a freeze of all workspaces of an organization: their money stops at once', []),
    body: tenants.askForFreeze,
    example: { reason: 'Payees were changed by somebody who is not known' },
  },
  thaw_organization: {
    ...stepOfAll('thaw', 'Ask for the thaw of all frozen workspaces of an organization', []),
    body: tenants.askForFreeze,
    example: { reason: 'Its owner got the account back' },
  },
  confirm_organization_freeze: {
    ...stepOfAll('confirm', 'Confirm the freeze or the thaw wherever in an organization it stands', ['freeze_same_person']),
    body: tenants.confirmFreeze,
    example: { freeze_id: 'freeze_0198c2aa7c1e7b3d9f10a4c2e6b80d11', step: 'freeze' },
  },
  withdraw_organization_freeze: {
    ...stepOfAll('withdraw', 'Take back what you asked for wherever in an organization it stands, while nobody has confirmed it', []),
    body: tenants.withdrawFreeze,
    example: { freeze_id: 'freeze_0198c2aa7c1e7b3d9f10a4c2e6b80d11' },
  },
} as const satisfies Record<string, RouteShape>;
