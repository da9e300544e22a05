import { type Refusal, refuse } from './result.js';

/** Plans of an organization, the smallest first. */
export const PLAN_NAMES = ['starter', 'pro', 'team', 'growth', 'enterprise'] as const;
export type Plan = (typeof PLAN_NAMES)[number];

/** What a plan limits: items of one batch, batches that a workspace begins on one day (UTC), its members, its API keys that still work. */
export const PLAN_LIMITS = ['items', 'batches', 'people', 'api_keys'] as const;
export type PlanLimit = (typeof PLAN_LIMITS)[number];

interface PlanTerms {
  /** Whether API keys are let in. People always are. */
  apiAccess: boolean;
  /** The most of each; null: the plan sets no limit, and what bounds the installation bounds the workspace. */
  limits: Readonly<Record<PlanLimit, number | null>>;
  /** For how long the audit log is promised, in years; null: for as long as the installation. Nothing is deleted by it (docs/adr/0077). */
  auditYears: number | null;
}

/** The only source of what a plan allows. No limit falls from one plan to the next, so the next that is wide enough allows what was refused. */
export const PLANS: Readonly<Record<Plan, PlanTerms>> = {
  starter: { apiAccess: false, limits: { items: 200, batches: 5, people: 5, api_keys: 0 }, auditYears: 1 },
  pro: { apiAccess: false, limits: { items: 1_000, batches: 20, people: 15, api_keys: 0 }, auditYears: 2 },
  team: { apiAccess: true, limits: { items: 10_000, batches: 100, people: 50, api_keys: 10 }, auditYears: 3 },
  growth: { apiAccess: true, limits: { items: 100_000, batches: 1_000, people: 250, api_keys: 50 }, auditYears: 7 },
  enterprise: { apiAccess: true, limits: { items: null, batches: null, people: null, api_keys: null }, auditYears: null },
};

/**
 * What a route has to do with the plan of its workspace, which the route table names. `none`: it is of no workspace yet. `any`: people use it in
 * every plan, API keys in those with API access. The others are like `any`, and make one more of what a plan limits.
 */
export const PLAN_CLASSES = ['none', 'any', 'batches', 'people', 'api_keys'] as const;
export type PlanClass = (typeof PLAN_CLASSES)[number];

/** Why a key of a workspace with this plan is not let in; null when it is. */
export const accessRefusal = (plan: Plan): Refusal | null =>
  PLANS[plan].apiAccess
    ? null
    : refuse('plan_required', `The plan ${plan} has no access by API key: people use it signed in. ${allowedBy(planWithAccess())}`, {
        extra: { plan, allowed_by: planWithAccess() },
      }).refusal;

/**
 * Why a plan does not allow what is wanted; null when it does. `used` is what there is, and `wanted` what there would be: one more, unless it
 * is said. What is over a limit already stays, and nothing is added to it.
 */
export const limitRefusal = (plan: Plan, limit: PlanLimit, used: number, wanted = used + 1): Refusal | null => {
  const allowed = PLANS[plan].limits[limit];
  if (allowed === null || wanted <= allowed) return null;
  const allowing = planAllowing(limit, wanted);
  const detail = `Nothing was stored. The plan ${plan} allows ${limitInWords(limit, allowed)}, and ${USED[limit](used.toLocaleString('en'))}. ${allowedBy(allowing)}`;
  return refuse('plan_limit', detail, { extra: { plan, limit, allowed, used, allowed_by: allowing } }).refusal;
};

/** A limit in words: `100 batches a day`. */
export const limitInWords = (limit: PlanLimit, most: number | null): string =>
  most === null ? `any number of ${UNITS[limit]}` : `${most.toLocaleString('en')} ${UNITS[limit]}`;

/** For how long a plan promises the audit log, in words. */
export const auditInWords = ({ auditYears }: Pick<PlanTerms, 'auditYears'>): string => {
  if (auditYears === null) return 'as long as the installation';
  return auditYears === 1 ? '1 year' : `${auditYears} years`;
};

const firstOf = (fits: (terms: PlanTerms) => boolean): Plan => PLAN_NAMES.find((name) => fits(PLANS[name])) ?? 'enterprise';

const planWithAccess = (): Plan => firstOf(({ apiAccess }) => apiAccess);

/** The smallest plan that allows so many. */
export const planAllowing = (limit: PlanLimit, wanted: number): Plan =>
  firstOf(({ limits }) => {
    const most = limits[limit];
    return most === null || wanted <= most;
  });

const allowedBy = (plan: Plan): string => `The plan ${plan} allows it; operators of the platform change the plan of an organization.`;

const UNITS: Readonly<Record<PlanLimit, string>> = { items: 'items a batch', batches: 'batches a day', people: 'people', api_keys: 'API keys' };

const USED: Readonly<Record<PlanLimit, (used: string) => string>> = {
  items: (used) => `this batch has ${used}`,
  batches: (used) => `this workspace has begun ${used} today (UTC)`,
  people: (used) => `this workspace has ${used}`,
  api_keys: (used) => `this workspace has ${used}`,
};
