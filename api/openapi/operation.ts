import type { z } from 'zod';
import { streamEnd } from '../../contracts/batches.js';
import { type RouteShape, takesBody } from '../../contracts/route-shape.js';
import { BODY_PROBLEMS, COMMON_PROBLEMS, type RouteId } from '../../contracts/routes.js';
import { idPattern } from '../../contracts/wire.js';
import { isOperatorPermission } from '../../domain/permissions.js';
import { PROBLEMS, type ProblemCode } from '../../domain/problems.js';
import { worksInRecovery } from '../middleware/recovery.js';
import { type JsonSchema, refTo, type schemaCollector } from './schemas.js';

type Collector = ReturnType<typeof schemaCollector>;

const SECURITY = [{ bearer: [] }, { apiKey: [] }, { cookie: [] }];
/** An operator of the platform sends their credential as a bearer token. */
const OPERATOR_SECURITY = [{ operator: [] }];
const headers = (names: Record<string, string>) =>
  Object.fromEntries(Object.entries(names).map(([name, component]) => [name, { $ref: `#/components/headers/${component}` }]));
const ALWAYS = headers({ 'Request-Id': 'RequestId', 'RateLimit-Policy': 'RateLimitPolicy', RateLimit: 'RateLimit' });
const RETRY = headers({ 'Retry-After': 'RetryAfter' });
/** Answers that say when to ask again. */
const WITH_RETRY: readonly number[] = [429, 503];

/** One route of the table as an OpenAPI operation object (3.1, §4.8.10). */
export const operationOf = (id: RouteId, shape: RouteShape, collect: Collector): JsonSchema => ({
  operationId: id,
  summary: shape.summary,
  tags: [tagOf(shape.path)],
  security: isOpen(shape) ? [] : isOperatorPermission(shape.permission) ? OPERATOR_SECURITY : SECURITY,
  'x-permission': shape.permission,
  'x-rate-class': shape.rateClass,
  'x-plan-class': shape.planClass,
  parameters: parametersOf(shape, collect),
  ...requestOf(shape, collect),
  responses: { ...successOf(shape, collect), ...problemsOf(shape) },
});

const tagOf = (path: string): string => path.split('/')[2] ?? 'v1';

/** Without a session or a key. */
const isOpen = ({ permission }: RouteShape): boolean => permission === 'public' || permission === 'signed';

const parametersOf = (shape: RouteShape, collect: Collector): JsonSchema[] => [
  ...membersOf(shape.params, 'path', collect),
  ...membersOf(shape.query, 'query', collect).map((parameter) => (parameter['name'] === 'starting_after' ? cursorOf(shape, parameter) : parameter)),
  ...ofCsvAlone(shape, collect),
  ...(isOpen(shape) || isOperatorPermission(shape.permission) ? [] : [{ $ref: '#/components/parameters/SluiceWorkspace' }]),
  ...(shape.idempotency ? [{ $ref: `#/components/parameters/IdempotencyKey${shape.idempotency === 'required' ? 'Required' : ''}` }] : []),
  ...(shape.format === 'events' ? [{ $ref: '#/components/parameters/LastEventId' }] : []),
];

const membersOf = (schema: z.ZodObject | undefined, place: 'path' | 'query', collect: Collector): JsonSchema[] => {
  if (!schema) return [];
  const { properties = {}, required = [] } = collect.schemaOf(schema, 'input') as { properties?: Record<string, JsonSchema>; required?: string[] };
  return Object.entries(properties).map(([name, own]) => ({ name, in: place, required: place === 'path' || required.includes(name), schema: own }));
};

const cursorOf = ({ cursor }: RouteShape, parameter: JsonSchema): JsonSchema => ({
  ...parameter,
  description: 'The `next_cursor` of the page before',
  schema: { type: 'string', ...(cursor ? { pattern: idPattern(cursor) } : {}) },
});

/** Settings that JSON has in its body, and a CSV in its query. */
const ofCsvAlone = (shape: RouteShape, collect: Collector): JsonSchema[] =>
  membersOf(shape.csvQuery, 'query', collect)
    .filter(({ name }) => !Object.hasOwn(shape.query?.shape ?? {}, String(name)))
    .map(({ required, ...parameter }) => ({
      ...parameter,
      required: false,
      description: required ? 'Of a CSV alone, which needs it' : 'Of a CSV alone',
      'x-content-type': 'text/csv',
    }));

const CSV = { type: 'string', contentMediaType: 'text/csv' };

/** A CSV as it is, under the name that Windows gives it, or as the only part of a form. */
const CSV_CONTENT = {
  'text/csv': { schema: { type: 'string' } },
  'application/vnd.ms-excel': { schema: CSV },
  'multipart/form-data': { schema: { type: 'object', properties: { file: CSV }, required: ['file'], additionalProperties: false } },
};

const requestOf = (shape: RouteShape, collect: Collector): JsonSchema => {
  if (shape.format === 'raw') return { requestBody: { required: true, content: { '*/*': {} } } };
  if (!shape.body) return {};
  const csv = shape.csvQuery ? CSV_CONTENT : {};
  const required = !shape.body.safeParse({}).success;
  return {
    requestBody: { required, content: { 'application/json': { schema: collect.schemaOf(shape.body, 'input'), example: shape.example }, ...csv } },
  };
};

const successOf = (shape: RouteShape, collect: Collector): JsonSchema => {
  const own = { ...ALWAYS, ...(shape.idempotency ? headers({ 'Idempotent-Replayed': 'IdempotentReplayed' }) : {}) };
  const { status } = shape.out;
  if (shape.format === 'events')
    return {
      [status]: {
        description: EVENTS,
        headers: own,
        content: { 'text/event-stream': { schema: { type: 'string' }, 'x-events': eventsOf(collect) } },
      },
      204: { description: 'The client has every event of a batch that is over, and need not come back', headers: own },
    };
  if (shape.format === 'lines')
    return { [status]: { description: LINES, headers: own, content: { 'application/jsonl': { schema: { type: 'string' } } } } };
  return {
    [status]: { description: shape.summary, headers: own, content: { 'application/json': { schema: collect.schemaOf(shape.out.body, 'output') } } },
  };
};

const EVENTS = [
  'Server-sent events whose data is one line of JSON; `x-events` has the schema of each kind.',
  '`audit` has an id, `progress` is the batch whenever it changed, and the last one is `end`, or `problem` once the credential has ended.',
].join(' ');
const LINES = 'JSON lines: records of the log and of its checkpoints, in the order of the log. A failure midway breaks the connection.';

const eventsOf = (collect: Collector): JsonSchema => ({
  audit: refTo('AuditEvent'),
  progress: refTo('PayoutBatch'),
  end: collect.schemaOf(streamEnd, 'output'),
  problem: refTo('Problem'),
});

/** Problems of a route by status, each code with its example. */
const problemsOf = (shape: RouteShape): JsonSchema => {
  const needsCredential: readonly ProblemCode[] = [
    'unauthenticated',
    'session_expired',
    'forbidden',
    'network_not_allowed',
    'plan_required',
    'workspace_mismatch',
    'signature_invalid',
  ];
  const needsKey: readonly ProblemCode[] = ['idempotency_key_missing', 'idempotency_key_reused', 'idempotency_in_flight', 'secret_not_replayable'];
  const never: readonly ProblemCode[] = [
    ...(isOpen(shape) ? needsCredential : []),
    ...(isOperatorPermission(shape.permission) ? (['plan_required'] as const) : []),
    ...(shape.idempotency ? [] : needsKey),
    ...(shape.idempotency === 'required' ? [] : (['idempotency_key_missing'] as const)),
    ...(shape.returnsSecret ? [] : (['secret_not_replayable'] as const)),
    ...(worksInRecovery(shape) ? (['recovery_mode'] as const) : []),
    ...(shape.body ? [] : (['malformed_json'] as const)),
  ];
  const common = COMMON_PROBLEMS.filter((code) => !never.includes(code));
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set([...common, ...(takesBody(shape) ? BODY_PROBLEMS : []), ...shape.problems])) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries([...byStatus].sort(([a], [b]) => a - b).map(([status, codes]) => [status, problemResponse(status, codes)]));
};

const problemResponse = (status: number, codes: readonly ProblemCode[]): JsonSchema => ({
  description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('\n\n'),
  headers: { ...ALWAYS, ...(WITH_RETRY.includes(status) ? RETRY : {}) },
  content: {
    'application/problem+json': {
      schema: refTo('Problem'),
      examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
    },
  },
});
