import type { z } from 'zod';
import type {
  askForFreeze,
  confirmFreeze as confirmContract,
  organizationState,
  withdrawFreeze as withdrawContract,
} from '../../contracts/tenants.js';
import { toWireId } from '../../domain/ids.js';
import { ok, type Result, refuse } from '../../domain/result.js';
import type { Context, PlatformContext } from '../context.js';
import { confirmFreeze } from './confirm.js';
import { freezeTenant } from './freeze.js';
import { thawTenant } from './thaw.js';
import { operatorsIn, toWireTenant, type WireTenant } from './view.js';
import { withdrawFreeze } from './withdraw.js';

type WireOrganizationState = z.infer<typeof organizationState>;
type Of<Contract extends z.ZodType> = z.output<Contract> & { organization_id: string };

/**
 * Asks for a freeze of every workspace of an organization; the money of live stops first. It is one freeze: its parts have one id, by which another
 * operator confirms them together. A workspace that is frozen already keeps the freeze that it has. Each step is a transaction of its own
 * workspace, with an event in its log; asking again after a break-off goes on with what was begun, but where a part of it
 * has ended already: there another freeze begins. Refuses with `not_found`, or with
 * `freeze_state` when nothing was left to stop.
 */
export const freezeOrganization = async (
  platform: PlatformContext,
  { organization_id, reason }: Of<typeof askForFreeze>,
): Promise<Result<WireOrganizationState>> => {
  const open = (await platform.operators.tenantsOf(organization_id)).flatMap(({ freeze }) => freeze ?? []);
  const begun = open.find((one) => one.proposedBy === platform.operator.operatorId && one.confirmedBy === null && one.reason === reason);
  const fresh = platform.services.entropy.newId();
  const id = begun?.id ?? fresh;
  return inEach(platform, organization_id, (ctx) => freezeTenant(ctx, { reason, id, fresh }));
};

/** Asks for the thaw of all that is frozen of an organization. Refuses with `not_found`, or with `freeze_state` when nothing is. */
export const thawOrganization = (platform: PlatformContext, { organization_id, reason }: Of<typeof askForFreeze>) =>
  inEach(platform, organization_id, (ctx) => thawTenant(ctx, { reason }));

/**
 * Confirms the freeze or the thaw in every workspace of an organization that has this freeze. Refuses with `not_found`, `freeze_same_person`, or
 * `freeze_state` when none of them has it.
 */
export const confirmOrganizationFreeze = (platform: PlatformContext, { organization_id, freeze_id, step }: Of<typeof confirmContract>) =>
  inEach(platform, organization_id, (ctx) => confirmFreeze(ctx, { freeze_id, step }));

/**
 * Takes back what the same operator asked for and nobody has confirmed, in every workspace of an organization that has this freeze. Refuses as for
 * one workspace when none has it.
 */
export const withdrawOrganizationFreeze = (platform: PlatformContext, { organization_id, freeze_id }: Of<typeof withdrawContract>) =>
  inEach(platform, organization_id, (ctx) => withdrawFreeze(ctx, { freeze_id }));

/**
 * Takes a step in each workspace of an organization, live first, and answers where they stand. Where every one refuses it, the first of these
 * refusals is the answer.
 */
const inEach = async (
  { operators, operator, enter }: PlatformContext,
  organizationId: string,
  step: (ctx: Context) => Promise<Result<WireTenant>>,
): Promise<Result<WireOrganizationState>> => {
  const found = await operators.tenantsOf(organizationId);
  const inOrder = (['live', 'test'] as const).flatMap((mode) => found.filter(({ workspace }) => workspace.mode === mode));
  let refused: Result<never> | null = null;
  let taken = false;
  for (const { workspace } of inOrder) {
    const result = await step(enter(workspace.tenantId, workspace.mode, operator));
    if (result.ok) taken = true;
    else refused ??= result;
  }
  if (!taken) return refused ?? refuse('not_found', 'There is no such organization; GET /v1/tenants lists workspaces with theirs.');
  const stand = await operators.tenantsOf(organizationId);
  const names = await operators.names(operatorsIn(stand.map(({ freeze }) => freeze)));
  return ok({
    object: 'organization_state',
    id: toWireId('organization', organizationId),
    workspaces: stand.map((one) => toWireTenant(one, names)),
  });
};
