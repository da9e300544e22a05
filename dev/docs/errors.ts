import { type RouteShape, takesBody } from '../../contracts/route-shape.js';
import { BODY_PROBLEMS, COMMON_PROBLEMS, ROUTES } from '../../contracts/routes.js';
import { PROBLEMS, type ProblemCode } from '../../domain/problems.js';
import { listItem } from './wrap.js';

const CODES = Object.keys(PROBLEMS) as ProblemCode[];

const isCommon = (code: ProblemCode): boolean => (COMMON_PROBLEMS as readonly ProblemCode[]).includes(code);

const routesOf = (code: ProblemCode): string[] =>
  Object.entries<RouteShape>(ROUTES).flatMap(([id, shape]) => (shape.problems.includes(code) || isOfBody(code, shape) ? `\`${id}\`` : []));

const isOfBody = (code: ProblemCode, shape: RouteShape): boolean => takesBody(shape) && (BODY_PROBLEMS as readonly ProblemCode[]).includes(code);

/** docs/errors.md, from the registry of codes and the route table. */
export const errorsPage = (): string => `# Errors

Generated from \`domain/problems.ts\` and \`contracts/routes.ts\` by \`npm run docs\`; a test fails when it is stale.

Every error is a problem document (RFC 9457, \`application/problem+json\`) with \`code\` and \`request_id\`. Where fields are
wrong it also has \`errors[]\` of \`{field, reason, message, row?}\`. A code never changes its meaning. A retryable request
may succeed when the client sends it again with the same \`Idempotency-Key\`.

| code | status | title | retryable |
| --- | --- | --- | --- |
${CODES.map((code) => {
  const { status, title, retryable } = PROBLEMS[code];
  return `| \`${code}\` | ${status} | ${title} | ${retryable ? 'yes' : ''} |`;
}).join('\n')}

## Which route answers which code

Any route may answer these:

${COMMON_PROBLEMS.map((code) => listItem(`\`${code}\``)).join('\n')}

Only the routes that are named may answer these. Beside them the API answers \`not_found\` for a path that it does not
have, and \`method_not_allowed\` for a method that a path does not take.

${CODES.filter((code) => !isCommon(code))
  .map((code) => listItem(`\`${code}\`: ${routesOf(code).join(', ') || 'no route'}`))
  .join('\n')}
`;
