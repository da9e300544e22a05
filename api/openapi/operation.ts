import type { z } from 'zod';
import type { RouteShape } from '../../contracts/route-shape.js';
import { COMMON_PROBLEMS, type RouteId } from '../../contracts/routes.js';
import { PROBLEMS, type ProblemCode } from '../../domain/problems.js';
import { worksInRecovery } from '../middleware/recovery.js';
import type { JsonSchema, schemaCollector } from './schemas.js';

type Collector = ReturnType<typeof schemaCollector>;

const SECURITY = [{ bearer: [] }, { apiKey: [] }, { cookie: [] }];
const REQUEST_ID = { 'Request-Id': { $ref: '#/components/headers/RequestId' } };

/** One route of the table as an OpenAPI operation object (3.1, §4.8.10). */
export const operationOf = (id: RouteId, shape: RouteShape, collect: Collector): JsonSchema => ({
  operationId: id,
  summary: shape.summary,
  tags: [tagOf(shape.path)],
  security: shape.permission === 'public' || shape.permission === 'signed' ? [] : SECURITY,
  'x-permission': shape.permission,
  'x-rate-class': shape.rateClass,
  parameters: parametersOf(shape, collect),
  ...requestOf(shape, collect),
  responses: { [shape.out.status]: successOf(shape, collect), ...problemsOf(shape) },
});

const tagOf = (path: string): string => path.split('/')[2] ?? 'v1';

const parametersOf = (shape: RouteShape, collect: Collector): JsonSchema[] => [
  ...membersOf(shape.params, 'path', collect),
  ...membersOf(shape.query, 'query', collect),
  ...membersOf(shape.csvQuery, 'query', collect)
    .filter(({ name }) => !(String(name) in (shape.query?.shape ?? {})))
    .map(ofCsv),
  ...(shape.permission === 'public' || shape.permission === 'signed' ? [] : [{ $ref: '#/components/parameters/SluiceWorkspace' }]),
  ...(shape.idempotency ? [{ $ref: `#/components/parameters/IdempotencyKey${shape.idempotency === 'required' ? 'Required' : ''}` }] : []),
  ...(shape.format === 'events' ? [{ $ref: '#/components/parameters/LastEventId' }] : []),
];

/** A member of the query that goes with a CSV alone, where it may have to be there; JSON has it in its body. */
const ofCsv = (member: JsonSchema): JsonSchema => ({
  ...member,
  description: `With a CSV only${member['required'] ? ', where it is required' : ''}`,
  required: false,
});

const membersOf = (schema: z.ZodObject | undefined, place: 'path' | 'query', collect: Collector): JsonSchema[] => {
  if (!schema) return [];
  const { properties = {}, required = [] } = collect.schemaOf(schema, 'input') as { properties?: Record<string, JsonSchema>; required?: string[] };
  return Object.entries(properties).map(([name, own]) => ({ name, in: place, required: place === 'path' || required.includes(name), schema: own }));
};

const CSV = { type: 'string', contentMediaType: 'text/csv' };

/** A CSV as it is, under the name that Windows gives it, or as the only part of a form. */
const CSV_CONTENT = {
  'text/csv': { schema: { type: 'string' } },
  'application/vnd.ms-excel': { schema: CSV },
  'multipart/form-data': { schema: { type: 'object', properties: { file: CSV }, required: ['file'], additionalProperties: false } },
};

const requestOf = (shape: RouteShape, collect: Collector): JsonSchema => {
  if (shape.format === 'raw') return { requestBody: { required: true, content: { 'application/octet-stream': {} } } };
  if (!shape.body) return {};
  const csv = shape.csvQuery ? CSV_CONTENT : {};
  const required = !shape.body.safeParse({}).success;
  return {
    requestBody: { required, content: { 'application/json': { schema: collect.schemaOf(shape.body, 'input'), example: shape.example }, ...csv } },
  };
};

const successOf = (shape: RouteShape, collect: Collector): JsonSchema => {
  const headers = { ...REQUEST_ID, ...(shape.idempotency ? { 'Idempotent-Replayed': { $ref: '#/components/headers/IdempotentReplayed' } } : {}) };
  if (shape.format === 'events')
    return { description: 'A stream of events', headers, content: { 'text/event-stream': { schema: { type: 'string' } } } };
  if (shape.format === 'lines') return { description: 'JSON lines', headers, content: { 'application/jsonl': { schema: { type: 'string' } } } };
  return { description: shape.summary, headers, content: { 'application/json': { schema: collect.schemaOf(shape.out.body, 'output') } } };
};

/** Problems of a route by status, each code with its example. */
const problemsOf = (shape: RouteShape): JsonSchema => {
  const open = shape.permission === 'public' || shape.permission === 'signed';
  const needsCredential: readonly ProblemCode[] = ['unauthenticated', 'session_expired', 'forbidden', 'workspace_mismatch'];
  const needsKey: readonly ProblemCode[] = ['idempotency_key_missing', 'idempotency_key_reused', 'idempotency_in_flight', 'secret_not_replayable'];
  const never = [...(open ? needsCredential : []), ...(shape.idempotency ? [] : needsKey), ...(worksInRecovery(shape) ? ['recovery_mode'] : [])];
  const common = COMMON_PROBLEMS.filter((code) => !never.includes(code));
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set([...common, ...shape.problems])) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries([...byStatus].sort(([a], [b]) => a - b).map(([status, codes]) => [status, problemResponse(codes)]));
};

const problemResponse = (codes: readonly ProblemCode[]): JsonSchema => ({
  description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('\n\n'),
  headers: REQUEST_ID,
  content: {
    'application/problem+json': {
      schema: { $ref: '#/components/schemas/Problem' },
      examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
    },
  },
});
