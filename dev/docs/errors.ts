import type { RouteShape } from '../../contracts/route-shape.js';
import { COMMON_PROBLEMS, ROUTES } from '../../contracts/routes.js';
import { PROBLEMS, type ProblemCode } from '../../domain/problems.js';

/** docs/errors.md, from the registry of codes and the route table. */
export const errorsPage = (): string => `# Errors

Generated from \`domain/problems.ts\` and \`contracts/routes.ts\` by \`npm run docs\`; a test fails when it is stale.

Every error is a problem document (RFC 9457, \`application/problem+json\`) with \`code\`, \`request_id\` and, where fields are
wrong, \`errors[]\` of \`{field, reason, message, row?}\`. A code never changes its meaning. A retryable one may succeed when the
same request is sent again, with the same \`Idempotency-Key\`.

| code | status | title | retryable | answered by |
| --- | --- | --- | --- | --- |
${Object.entries(PROBLEMS)
  .map(
    ([code, { status, title, retryable }]) =>
      `| \`${code}\` | ${status} | ${title} | ${retryable ? 'yes' : ''} | ${answeredBy(code as ProblemCode)} |`,
  )
  .join('\n')}
`;

const answeredBy = (code: ProblemCode): string => {
  if ((COMMON_PROBLEMS as readonly ProblemCode[]).includes(code)) return 'any route';
  const routes = Object.entries<RouteShape>(ROUTES).filter(([, route]) => route.problems.includes(code));
  return routes.map(([id]) => `\`${id}\``).join(', ') || 'see the text';
};
