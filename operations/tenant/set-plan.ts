import type { z } from 'zod';
import type { setPlan as contract } from '../../contracts/tenants.js';
import type { Plan } from '../../domain/plans.js';
import type { Result } from '../../domain/result.js';
import { type Context, type PublicContext, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import type { Stores } from '../ports.js';
import { OPERATORS_ALONE } from './step.js';
import { readTenant, type WireTenant } from './view.js';

/**
 * Changes the plan of the organization that the workspace belongs to, for all its workspaces at once, from their next request on. Each of their
 * logs has an event, that of this workspace together with the answer. What is over a limit of the new plan stays, and nothing is added to it.
 * The same plan again changes nothing. Refuses with `forbidden` whoever is no operator.
 */
export const setTenantPlan = async (
  ctx: Context,
  { operators, enter }: Pick<PublicContext, 'operators' | 'enter'>,
  { plan }: z.output<typeof contract>,
): Promise<Result<WireTenant>> => {
  const { actor } = ctx;
  const entry = (tenantId: string) => ({ subject: { type: 'workspace', id: tenantId }, action: 'workspace.set_plan' }) as const;
  if (actor.type !== 'operator')
    return ctx.inTenant((stores) => refusedAndAudited(stores, { ...entry(ctx.tenantId), detail: { plan } }, OPERATORS_ALONE));
  /** Answers the plan of before, which is known after the first workspace. */
  const change = async (stores: Stores, tenantId: string, known: Plan | null): Promise<Plan> => {
    const was = await stores.workspaces.setPlan(actor.operatorId, plan);
    const before = known ?? was;
    await stores.audit.append({ ...entry(tenantId), result: 'ok', detail: { plan_before: before, plan } });
    return before;
  };
  const { organizationId } = await ctx.inTenant((stores) => stores.workspaces.get());
  const others = (await operators.tenantsOf(organizationId)).filter(({ workspace }) => workspace.tenantId !== ctx.tenantId);
  let before: Plan | null = null;
  for (const { workspace } of others)
    before = await enter(workspace.tenantId, workspace.mode, actor).inTenant((stores) => change(stores, workspace.tenantId, before));
  return ctx.inTenant(async (stores) => {
    await change(stores, ctx.tenantId, before);
    return answer(await readTenant(stores));
  });
};
