import type { RouteShape } from '../../contracts/route-shape.js';
import { ROUTES } from '../../contracts/routes.js';
import { auditInWords, PLAN_CLASSES, PLAN_LIMITS, PLAN_NAMES, PLANS, type Plan, type PlanClass } from '../../domain/plans.js';
import { listItem } from './wrap.js';

const MEANINGS: Readonly<Record<PlanClass, string>> = {
  none: 'of no workspace yet: its plan is not asked',
  any: 'people use it in every plan, API keys in those with API access',
  batches: 'like `any`, and counts items and batches',
  people: 'like `any` (accepting needs no credential), and counts members',
  api_keys: 'like `any`, needs a plan with API access, and counts keys',
};

const routesOf = (planClass: PlanClass): string =>
  Object.entries<RouteShape>(ROUTES)
    .filter(([, shape]) => shape.planClass === planClass)
    .map(([id]) => `\`${id}\``)
    .join(', ');

const row = (plan: Plan): string => {
  const { apiAccess, limits } = PLANS[plan];
  const cells = [
    apiAccess ? 'yes' : 'no',
    ...PLAN_LIMITS.map((limit) => limits[limit]?.toLocaleString('en') ?? 'no limit'),
    auditInWords(PLANS[plan]),
  ];
  return `| ${plan} | ${cells.join(' | ')} |`;
};

/** docs/plans.md, from the table of plans and the route table. */
export const plansPage = (): string => `# Plans

Generated from \`domain/plans.ts\` and \`contracts/routes.ts\` by \`npm run docs\`; a test fails when it is stale.

An organization has a plan, and its live and its test workspace have the same one. What a plan limits is counted in each
workspace apart (decision [0077](adr/0077-plans.md)).

| plan | API keys let in | items a batch | batches a day | people | API keys | audit log is promised for |
| --- | --- | --- | --- | --- | --- | --- |
${PLAN_NAMES.map(row).join('\n')}

- People work in every plan: in the console, and by \`sluice\` signed in. A key of a plan without API access is refused
  with \`plan_required\` whatever it asks, and works again with a plan that has it. Webhooks of providers are not keys.
- A batch counts from when it is begun, whatever becomes of it; a day is one of UTC. A file that is refused before it is
  stored counts for nothing, and neither does \`validate_only\`.
- People are the members who are not disabled. An invitation takes no place; the place is asked for again when it is
  accepted, and the invitation stays open when there is none.
- Keys are those that still work. Putting another in the place of one takes no more room.
- What is over a limit gets \`plan_limit\` and is stored in no part. The answer says \`plan\`, \`limit\`, \`allowed\`, \`used\`
  and \`allowed_by\`: the smallest plan that would allow it.
- With a smaller plan, all that is there stays and works, and nothing is added to it.
- Nothing is deleted from the audit log, in any plan: the time is what is promised at least.

Operators of the platform set a plan (\`sluice tenant create --plan\`, \`sluice tenant set-plan\`), and it is in the audit
log of each workspace. It holds from the next request on, in every process.

## Routes

${PLAN_CLASSES.map((planClass) => listItem(`\`${planClass}\`: ${MEANINGS[planClass]}. ${routesOf(planClass)}`)).join('\n')}
`;
