import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { openApiDocument } from '../../api/openapi/document.js';
import { parseEvents } from '../../client/stream.js';
import { ROUTES, type RouteId } from '../../contracts/routes.js';
import { toWireId } from '../../domain/ids.js';
import { isOperatorPermission, type Permission, ROLES, type Role } from '../../domain/permissions.js';
import { systemEntropy } from '../../vault/entropy.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import { doubtIn } from './doubt-in.js';
import { GUARDED, sampleRequest } from './sample-requests.js';
import { anyText, invalidOf, type Schema, validOf } from './schema-arbitrary.js';

/** Requests of each kind, valid and wrong, to each operation: about 900 in all, which cost some 25 s of CPU. */
const RUNS = 8;

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: Schema;
  'x-content-type'?: string;
}
interface Media {
  schema?: Schema;
  example?: unknown;
  'x-events'?: Record<string, Schema>;
}
interface Operation {
  operationId: RouteId;
  parameters: (Parameter | { $ref: string })[];
  requestBody?: { required: boolean; content: Record<string, Media> };
  responses: Record<string, { content?: Record<string, Media>; headers?: Record<string, unknown> }>;
}

const document = JSON.parse(JSON.stringify(openApiDocument())) as Schema & {
  paths: Record<string, Record<string, Operation>>;
  components: { parameters: Record<string, Parameter> };
};
const OPERATIONS = Object.entries(document.paths).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, operation]) => ({ id: operation.operationId, method: method.toUpperCase(), path, operation })),
);
type Documented = (typeof OPERATIONS)[number];

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
const validators = new Map<Schema, ValidateFunction>();
/** What a schema of the document finds wrong with a value; null for nothing. */
const wrongWith = (schema: Schema, value: unknown): unknown => {
  const validate = validators.get(schema) ?? ajv.compile({ ...schema, components: document.components });
  validators.set(schema, validate);
  return validate(value) ? null : validate.errors;
};

let world: ApiWorld;
const tokens = new Map<Role, string>();
/** Things that are there, by the name of the parameter that addresses them. */
let there: Record<string, string> = {};

beforeAll(async () => {
  world = await openApiWorld();
  for (const role of Object.keys(ROLES) as Role[]) tokens.set(role, (await world.member(role)).token);
  const { person, token } = await world.member('admin');
  const [, create] = GUARDED.find(([id]) => id === 'create_payout_batch') ?? [];
  if (!create) throw new Error('the table has no create_payout_batch');
  const { path, ...request } = sampleRequest('create_payout_batch', create);
  const batch = await world.call(path, { ...request, token });
  const first = async (list: string): Promise<string> => ((await world.call(list, { token })).json['data'] as { id: string }[])[0]?.id ?? '';
  there = {
    batch_id: String(batch.json['id']),
    payee_id: await first('/v1/payees'),
    key_id: (await world.apiKey(person, ['batches.read'])).id,
    account_id: await first('/v1/accounts?kind=funding'),
    event_id: await first('/v1/audit/events'),
    ...(await doubtIn(world, world.home)),
    rail: 'sandbox',
    'Sluice-Workspace': toWireId('workspace', world.home.tenantId),
  };
  there['connection_id'] = String(batch.json['connection_id']);
}, 120_000);
afterAll(() => world?.close());

/** A request as it goes over the wire. */
interface Request {
  path: string;
  headers: Record<string, string>;
  body: string | undefined;
  /** The body as JSON where its schema refuses it: then it must not succeed. */
  refusedBody: boolean;
}

const parametersOf = ({ operation }: Documented): Parameter[] =>
  operation.parameters.map((one) => ('$ref' in one ? (document.components.parameters[one.$ref.split('/').at(-1) ?? ''] as Parameter) : one));

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Values of the parameters in one place. */
const valuesOf = (all: Parameter[], place: Parameter['in'], wrong: boolean): fc.Arbitrary<Record<string, string>> => {
  const members = all
    .filter((one) => one.in === place)
    .map(({ name, required, schema }) => {
      const known = there[name];
      const valid = validOf(schema, document).map(textOf);
      const value =
        known === undefined
          ? valid
          : fc.oneof({ weight: place === 'header' ? 12 : 3, arbitrary: fc.constant(known) }, { weight: 1, arbitrary: valid });
      const any = wrong ? fc.oneof(value, place === 'header' ? fc.string() : anyText) : value;
      return [name, required && !wrong ? any : fc.option(any, { nil: undefined })] as const;
    });
  return fc
    .record(Object.fromEntries(members))
    .map((values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Record<string, string>);
};

const CSV = ['payee_reference,payee_name,country,account_token,amount,reference', 'p-1,Ada,DE,acct_ok_1,12.50,June'].join('\n');

const bodyOf = ({ operation }: Documented, wrong: boolean): fc.Arbitrary<{ type: string | null; body: string | undefined; refused: boolean }> => {
  if (!operation.requestBody) return fc.constant({ type: null, body: undefined, refused: false });
  const { required, content } = operation.requestBody;
  const none = { type: null, body: undefined, refused: required };
  const kinds = Object.entries(content).map(([type, { schema = {}, example }]) => {
    if (type === '*/*') return anyText.map((body) => ({ type: 'application/octet-stream', body, refused: false }));
    if (type === 'text/csv') return (wrong ? anyText : fc.constant(CSV)).map((body) => ({ type, body, refused: false }));
    const valid = fc.oneof(validOf(schema, document), fc.constant(example));
    const mixed = fc
      .tuple(fc.constant(example as object), validOf(schema, document), fc.nat(20))
      .map(([base, other, nth]) => ({ ...base, ...memberOf(other as object, nth) }));
    const json = wrong ? fc.oneof(invalidOf(schema, document), valid) : fc.oneof(valid, mixed);
    const written = json.map((value) => ({ type, body: JSON.stringify(value), refused: wrongWith(schema, value) !== null }));
    if (!wrong) return written;
    const broken = fc.tuple(written, fc.nat()).map(([one, at]) => ({ type, body: one.body.slice(0, at % one.body.length), refused: false }));
    const otherType = fc
      .tuple(written, fc.constantFrom('text/plain', 'application/xml', 'text/csv'))
      .map(([one, given]) => ({ ...one, type: given, refused: false }));
    return fc.oneof({ weight: 4, arbitrary: written }, { weight: 1, arbitrary: broken }, { weight: 1, arbitrary: otherType });
  });
  return required && !wrong
    ? fc.oneof(...kinds)
    : fc.oneof({ weight: 1, arbitrary: fc.constant(none) }, { weight: 5, arbitrary: fc.oneof(...kinds) });
};

/** One member of an object, so that an example is changed in one place. */
const memberOf = (value: object, nth: number): object => Object.fromEntries(Object.entries(value).slice(nth, nth + 1));

/** A request in which nothing is wrong, or what stands in one place. */
const requestTo = (documented: Documented, place: Parameter['in'] | 'body' | null): fc.Arbitrary<Request> => {
  const all = parametersOf(documented);
  return bodyOf(documented, place === 'body').chain(({ type, body, refused }) => {
    const mine = all.filter((one) => one['x-content-type'] === undefined || one['x-content-type'] === type);
    return fc
      .tuple(valuesOf(mine, 'path', place === 'path'), valuesOf(mine, 'query', place === 'query'), valuesOf(mine, 'header', place === 'header'))
      .map(([path, query, headers]) => ({
        path: documented.path.replace(/\{(\w+)\}/g, (_whole, name: string) => segmentOf(path[name] ?? there[name] ?? 'x')) + queryOf(query),
        headers: { ...headersOf(headers), ...(type === null ? {} : { 'content-type': type }) },
        body,
        refusedBody: refused,
      }));
  });
};

/** A segment that no client takes for a step in the path. */
const segmentOf = (value: string): string => (/^\.{0,2}$/.test(value) ? 'x' : encodeURIComponent(value.replace(/\p{Cs}/gu, '\ufffd')));
const queryOf = (query: Record<string, string>): string => {
  const written = new URLSearchParams(query).toString();
  return written === '' ? '' : `?${written}`;
};
/** Headers that a client can send; the workspace is always our own or another form. */
const headersOf = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([, value]) => /^[\x20-\x7e]*$/.test(value) && value.trim() === value));

const tokenFor = async ({ id }: Documented): Promise<Record<string, string>> => {
  const { permission } = ROUTES[id];
  if (permission === 'public' || permission === 'signed') return {};
  // This one ends its session.
  if (id === 'end_session') return { authorization: `Bearer ${(await world.member('auditor')).token}` };
  if (isOperatorPermission(permission)) return { authorization: `Bearer ${(await world.operator()).token}` };
  const role = (Object.keys(ROLES) as Role[]).find((name) => (ROLES[name] as readonly Permission[]).includes(permission));
  return { authorization: `Bearer ${tokens.get(role ?? 'admin')}` };
};

/** Headers of every answer. An answer to what no route could read lacks those of limits. */
const HEADERS = {
  'Request-Id': /^[\w.:-]{8,64}$/,
  'RateLimit-Policy': /^"[a-z_]+-network";q=\d+;w=\d+(, "[a-z_]+-(principal|workspace)";q=\d+;w=\d+)*$/,
  RateLimit: /^"[a-z_]+-[a-z]+";r=\d+;t=\d+$/,
};

/** Sends a request and compares what comes back with the document. */
const judge = async (documented: Documented, { path, headers, body, refusedBody }: Request, credential: Record<string, string>): Promise<void> => {
  const leaving = new AbortController();
  const response = await fetch(`${world.url}${path}`, {
    method: documented.method,
    headers: { ...headers, ...credential },
    signal: leaving.signal,
    ...(body === undefined || documented.method === 'GET' ? {} : { body }),
  });
  const answer = documented.operation.responses[String(response.status)];
  const said = response.status < 500 ? '' : await response.clone().text();
  expect({ status: response.status, documented: answer !== undefined, said }).toMatchObject({ documented: true });
  if (response.status >= 500) expect(response.status).toBe(503);
  if (refusedBody) expect(response.status).toBeGreaterThanOrEqual(400);
  for (const [name, form] of Object.entries(HEADERS)) if (response.headers.has(name)) expect(response.headers.get(name)).toMatch(form);
  expect(Object.keys(HEADERS).filter((name) => answer?.headers && !(name in answer.headers))).toEqual([]);
  if (response.ok) expect(Object.keys(HEADERS).filter((name) => !response.headers.has(name))).toEqual([]);

  const type = (response.headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
  const media = answer?.content?.[type];
  if (!answer?.content) return expect([type, await response.text()]).toEqual(['', '']);
  expect({ type, documented: media !== undefined }).toMatchObject({ documented: true });
  if (type === 'text/event-stream') await judgeEvents(media ?? {}, response, leaving);
  else if (type === 'application/jsonl') for (const line of (await response.text()).split('\n').filter(Boolean)) JSON.parse(line);
  else expect(wrongWith(media?.schema ?? {}, await response.json())).toBeNull();
};

/** The events up to the first progress; then the reader leaves. */
const judgeEvents = async ({ 'x-events': kinds = {} }: Media, response: Response, leaving: AbortController): Promise<void> => {
  for await (const { name, data } of parseEvents(response.body?.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>)) {
    expect([name, kinds[name] && wrongWith(kinds[name], data)]).toEqual([name, null]);
    if (name === 'progress') break;
  }
  leaving.abort();
};

test.each(OPERATIONS)('$id answers what its document takes as the document says', async (documented) => {
  await fc.assert(
    fc.asyncProperty(requestTo(documented, null), async (request) => judge(documented, withKey(documented, request), await tokenFor(documented))),
    { numRuns: RUNS, endOnFailure: true },
  );
});

test.each(OPERATIONS)('$id answers what its document refuses as the document says', async (documented) => {
  await fc.assert(
    fc.asyncProperty(wrongTo(documented), fc.nat(8), async (request, luck) =>
      judge(documented, withKey(documented, request), luck === 0 ? { authorization: 'Bearer x' } : await tokenFor(documented)),
    ),
    { numRuns: RUNS, endOnFailure: true },
  );
});

/** The places of a request are wrong in turn, those that the operation has. */
const wrongTo = (documented: Documented): fc.Arbitrary<Request> => {
  const places = new Set<Parameter['in'] | 'body'>(parametersOf(documented).map((one) => one.in));
  if (documented.operation.requestBody) places.add('body');
  return fc.constantFrom(...places).chain((place) => requestTo(documented, place));
};

/** A key of its own, so that a request is not taken for an earlier one. A key that is missing or in no form stays as it is. */
const withKey = ({ id }: Documented, request: Request): Request =>
  'idempotency' in ROUTES[id] && /^[!-~]+$/.test(request.headers['Idempotency-Key'] ?? '')
    ? { ...request, headers: { ...request.headers, 'Idempotency-Key': systemEntropy.newId() } }
    : request;
