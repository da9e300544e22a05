import type { RouteShape } from '../../contracts/route-shape.js';
import { ROUTES, type RouteId } from '../../contracts/routes.js';
import { idPattern, problem } from '../../contracts/wire.js';
import { PROBLEMS, type ProblemCode } from '../../domain/problems.js';
import { toProblem } from '../respond.js';
import { operationOf } from './operation.js';
import { type JsonSchema, schemaCollector } from './schemas.js';

const key = (required: boolean) => ({
  name: 'Idempotency-Key',
  in: 'header',
  required,
  description: `Names this request; repeat it when you retry, and the first answer comes again with \`Idempotent-Replayed: true\`. ${
    required ? 'It is kept for ever: this route concerns money or gates.' : 'It is kept for 30 days at least.'
  }`,
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
});

const DESCRIPTION = [
  'Pays many people safely: three gates, opened by three people, each with a second factor bound to what was shown.',
  'Amounts are integer minor units. Times are RFC 3339 in UTC. Lists are `{object: "list", data, has_more, next_cursor}`; pass `next_cursor` as `starting_after`.',
  'Where a workspace asks for it, calls by API keys that change something are signed (RFC 9421): method, target URI, `Content-Digest`, `Idempotency-Key`.',
  'Problems are RFC 9457 with a stable `code`, the `request_id` and, for invalid input, `errors`.',
  'Requests are counted by network, by person or key, and by workspace, each class (`x-rate-class`) apart. Too many are answered 429 with `Retry-After`; then nothing was done.',
  'What the plan of an organization does not allow is refused with `plan_required` (an API key) or `plan_limit`, which name the plan that would allow it; `x-plan-class` says what a route counts.',
].join('\n\n');

/** The OpenAPI 3.1 document of the whole API, made from the route table alone. */
export const openApiDocument = (): JsonSchema => {
  const collect = schemaCollector();
  const paths: Record<string, JsonSchema> = {};
  for (const [id, shape] of Object.entries(ROUTES) as [RouteId, RouteShape][]) {
    const path = shape.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [shape.method.toLowerCase()]: operationOf(id, shape, collect) };
  }
  collect.schemaOf(problem, 'output');
  return {
    openapi: '3.1.0',
    info: { title: 'Sluice', version: '1.0.0', description: DESCRIPTION, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    tags: [...new Set(Object.keys(paths).map((path) => path.split('/')[2] ?? ''))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { ...collect.components, Problem: collect.components['Problem'] ?? collect.schemaOf(problem, 'output') },
      examples: Object.fromEntries(
        (Object.keys(PROBLEMS) as ProblemCode[]).map((code) => [code, { value: toProblem({ code, detail: PROBLEMS[code].title }, 'req_example') }]),
      ),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A session token or an API key' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
        operator: { type: 'http', scheme: 'bearer', description: 'The credential of an operator of the platform' },
        cookie: { type: 'apiKey', in: 'cookie', name: '__Host-sluice', description: 'The session of a browser' },
      },
      headers: {
        RequestId: { description: 'Finds this request in logs and audit events', schema: { type: 'string' } },
        IdempotentReplayed: { description: '`true` when this is the first answer, sent again', schema: { type: 'string' } },
        RateLimit: {
          description: 'How many requests (`r`) the limit that is nearest to its end still takes in so many seconds (`t`)',
          schema: { type: 'string' },
          example: '"read-principal";r=11999;t=60',
        },
        RateLimitPolicy: {
          description: 'The limits that this request was counted by: so many requests (`q`) in so many seconds (`w`)',
          schema: { type: 'string' },
          example: '"read-network";q=24000;w=60, "read-principal";q=12000;w=60, "read-workspace";q=60000;w=60',
        },
        RetryAfter: { description: 'Seconds after which the same request may be answered', schema: { type: 'integer', minimum: 1 } },
      },
      parameters: {
        IdempotencyKey: key(false),
        IdempotencyKeyRequired: key(true),
        LastEventId: {
          name: 'Last-Event-ID',
          in: 'header',
          required: false,
          description: 'Resume after the event with this id. Anything else begins at the first event.',
          schema: { type: 'string' },
        },
        SluiceWorkspace: {
          name: 'Sluice-Workspace',
          in: 'header',
          required: false,
          description: 'The workspace you mean; refused when the credential belongs to another one.',
          schema: { type: 'string', pattern: idPattern('workspace') },
        },
      },
    },
  };
};
