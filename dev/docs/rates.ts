import type { RouteShape } from '../../contracts/route-shape.js';
import { ROUTES } from '../../contracts/routes.js';
import { leaseOf, RATE_CLASSES, RATE_SUBJECTS, RATES, type RateClass, type RateLimit } from '../../domain/rates.js';
import { listItem } from './wrap.js';

const routesOf = (rateClass: RateClass): string =>
  Object.entries<RouteShape>(ROUTES)
    .filter(([, shape]) => shape.rateClass === rateClass)
    .map(([id]) => `\`${id}\``)
    .join(', ') || 'no route yet';

const cell = (limit: RateLimit | undefined): string => (limit ? `${limit.requests}/${limit.seconds} (${leaseOf(limit)})` : '');

/** docs/rates.md, from the table of limits and the route table. */
export const ratesPage = (): string => `# Limits of requests

Generated from \`domain/rates.ts\` and \`contracts/routes.ts\` by \`npm run docs\`; a test fails when it is stale.

Every route of the API belongs to a class. A request is counted by up to three subjects, each class apart: the
**network** that it comes from (an IPv4 address, or an IPv6 /64), the **principal** that sends it (a person across all
sessions, or an API key), and their **workspace**. The network is counted before anything else is done, the principal
and then the workspace once the credential is known and has the permission, all three before a body is read. Whoever has
used up what is theirs uses up nothing of their workspace's.

| class | network | principal | workspace |
| --- | --- | --- | --- |
${RATE_CLASSES.map((rateClass) => `| \`${rateClass}\` | ${RATE_SUBJECTS.map((subject) => cell(RATES[rateClass][subject])).join(' | ')} |`).join('\n')}

Requests in seconds. In parentheses: how many of them a process takes at once from the counter that all processes share.
The limit is the limit behind any number of processes; near its end, up to so many requests a process may be refused
that another process still holds. Windows are fixed and begin with the first request, so around the end of one window up
to two limits may pass in a short time.

## What a caller sees

\`RateLimit-Policy\` lists the limits that the request was counted by, and \`RateLimit\` says what is left of the one that
is nearest to its end (draft-ietf-httpapi-ratelimit-headers-11): \`"read-principal";r=11999;t=60\`. One request too many
is answered 429 \`rate_limited\` with \`Retry-After\`, \`retry_after_seconds\` and \`policy\`; nothing of it was done, nothing
is stored under its \`Idempotency-Key\`, and the same request may be sent again. \`sluice\` and the client say the wait,
wait and go on, for up to a minute and a half. They do not send a code again: it would be wrong after the wait.

## Routes

${RATE_CLASSES.map((rateClass) => listItem(`\`${rateClass}\`: ${routesOf(rateClass)}`)).join('\n')}

## Running it

- \`SLUICE_RATES\`, \`SLUICE_PLAN_RATES\` and \`SLUICE_WORKSPACE_RATES\` change limits for all, on top of that for workspaces
  with a plan ([plans.md](plans.md)), and on top of that for single workspaces, on every API process alike:
  [configuration.md](configuration.md).
- Behind a proxy all requests come from its address, and count for one network. Name the proxy in
  \`SLUICE_TRUSTED_PROXIES\`; until then \`X-Forwarded-For\` is not believed, because anybody can send it.
- Counters lie in Postgres (\`rate_counter\`, unlogged; keys are HMACs). While it does not answer within a second, each
  process counts by itself: \`sluice_rates_counted_alone\` is 1 then, and N processes admit up to N times a limit.
- \`sluice_requests_rate_limited_total{class, by}\` counts refusals.
`;
