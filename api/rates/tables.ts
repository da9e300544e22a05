import { PLAN_NAMES, type Plan } from '../../domain/plans.js';
import { RATES, type RateChanges, type RateTable, withRates } from '../../domain/rates.js';

/** A workspace as its limits are looked up: by its UUID and its plan. */
export interface RatedWorkspace {
  tenantId: string;
  plan: Plan;
}

/**
 * The limits in force: the table of the domain as this installation changes it, for workspaces with a plan as it changes it for the plan, and for
 * some workspaces (by UUID) as it changes it for them.
 */
export const rateTables = (
  changes: RateChanges,
  ofPlans: Readonly<Partial<Record<Plan, RateChanges>>>,
  ofWorkspaces: ReadonlyMap<string, RateChanges>,
): ((workspace: RatedWorkspace | null) => RateTable) => {
  const everybody = withRates(RATES, changes);
  const byPlan = new Map(PLAN_NAMES.map((plan) => [plan, withRates(everybody, ofPlans[plan] ?? {})]));
  const tableOf = (plan: Plan): RateTable => byPlan.get(plan) ?? everybody;
  const own = new Map(
    [...ofWorkspaces].map(([tenantId, theirs]) => [tenantId, new Map(PLAN_NAMES.map((plan) => [plan, withRates(tableOf(plan), theirs)]))]),
  );
  return (workspace) => (workspace === null ? everybody : (own.get(workspace.tenantId)?.get(workspace.plan) ?? tableOf(workspace.plan)));
};
