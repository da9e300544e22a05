import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { openApiDocument } from '../../api/openapi/document.js';
import { createBatchCsv } from '../../contracts/batches.js';
import { type RouteShape, takesBody } from '../../contracts/route-shape.js';
import { ROUTES, type RouteId } from '../../contracts/routes.js';
import { idPattern } from '../../contracts/wire.js';
import { PROBLEMS } from '../../domain/problems.js';

type Node = { [key: string]: Node } & { $ref?: string };

const document = openApiDocument() as Node;
const routes = Object.entries(ROUTES) as [RouteId, RouteShape][];
const operationOf = (shape: RouteShape): Node => document['paths']?.[shape.path.replace(/:(\w+)/g, '{$1}')]?.[shape.method.toLowerCase()] as Node;

const refsIn = (node: unknown): string[] => {
  if (node === null || typeof node !== 'object') return [];
  const own = (node as Node).$ref;
  return [...(typeof own === 'string' ? [own] : []), ...Object.values(node).flatMap(refsIn)];
};

describe('the OpenAPI document', () => {
  test('is 3.1, is plain JSON, and every reference leads somewhere', () => {
    expect(document['openapi']).toBe('3.1.0');
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
    for (const ref of new Set(refsIn(document))) {
      expect(ref).toMatch(/^#\/components\//);
      const found = ref
        .slice(2)
        .split('/')
        .reduce<Node | undefined>((node, name) => node?.[name], document);
      expect([ref, found !== undefined]).toEqual([ref, true]);
    }
  });

  test('has the routes of the table and no other', () => {
    const operations = Object.values(document['paths'] ?? {}).flatMap((path) =>
      Object.values(path as Record<string, Node>).map((operation) => String(operation['operationId'])),
    );
    expect(operations.sort()).toEqual(routes.map(([id]) => id).sort());
  });

  test.each(routes)('%s: parameters, key, body, answer, problems and security', (_id, shape) => {
    const operation = operationOf(shape);
    const parameters = operation['parameters'] as unknown as { name?: string; in?: string; required?: boolean; $ref?: string }[];
    const inPath = parameters.filter((one) => one.in === 'path').map((one) => one.name);
    expect(inPath).toEqual([...shape.path.matchAll(/:(\w+)/g)].map(([, name]) => name));
    const key = parameters.find((one) => one.$ref?.includes('IdempotencyKey'))?.$ref ?? null;
    expect(key).toBe(shape.idempotency ? `#/components/parameters/IdempotencyKey${shape.idempotency === 'required' ? 'Required' : ''}` : null);
    expect('requestBody' in operation).toBe(shape.body !== undefined || shape.format === 'raw');
    const statuses = Object.keys(operation['responses'] ?? {});
    expect(statuses).toContain(String(shape.out.status));
    for (const code of shape.problems) expect(statuses).toContain(String(PROBLEMS[code].status));
    const open = shape.permission === 'public' || shape.permission === 'signed';
    expect((operation['security'] as unknown as unknown[]).length === 0).toBe(open);
  });

  test('every route may say that there are too many requests and when to come back, and every answer says what is left', () => {
    for (const [id, shape] of routes) {
      const responses = operationOf(shape)['responses'] as unknown as Record<string, { headers: object }>;
      expect([id, Object.keys(responses['429']?.headers ?? {})]).toEqual([id, expect.arrayContaining(['Retry-After'])]);
      for (const { headers } of Object.values(responses))
        expect([id, Object.keys(headers)]).toEqual([id, expect.arrayContaining(['RateLimit-Policy', 'RateLimit'])]);
    }
  });

  test('every body has an example that its contract takes, and nothing else has one', () => {
    for (const [id, { body, example }] of routes) {
      expect([id, example !== undefined]).toEqual([id, body !== undefined]);
      if (body) expect([id, body.safeParse(example).error?.issues ?? []]).toEqual([id, []]);
    }
  });

  test('every schema of a body and an answer is one that JSON Schema 2020-12 reads back', () => {
    for (const [, shape] of routes)
      if (shape.body) expect(() => z.toJSONSchema(shape.body as z.ZodType, { io: 'input', unrepresentable: 'any' })).not.toThrow();
    expect(Object.keys(document['components']?.['schemas'] ?? {})).toEqual(
      expect.arrayContaining(['PayoutBatch', 'Problem', 'Challenge', 'Session']),
    );
  });

  test('every id, cursor, key and workspace has its form', () => {
    const components = document['components'] as unknown as { parameters: Record<string, { schema: { pattern?: string } }> };
    for (const name of ['SluiceWorkspace', 'IdempotencyKey', 'IdempotencyKeyRequired'])
      expect([name, components.parameters[name]?.schema.pattern]).toEqual([name, expect.stringMatching(/^\^/)]);
    for (const [id, shape] of routes) {
      const parameters = operationOf(shape)['parameters'] as unknown as { name?: string; in?: string; schema?: { pattern?: string } }[];
      const ids = parameters.filter(({ name = '' }) => /_id$/.test(name) && !['subject_id', 'event_id', 'external_id'].includes(name));
      const cursors = parameters.filter(({ name }) => name === 'starting_after');
      for (const { name, schema } of [...ids, ...cursors])
        expect([id, name, schema?.pattern]).toEqual([id, name, expect.stringMatching(/^\^[a-z]+_/)]);
      expect([id, cursors.length]).toEqual([id, shape.cursor ? 1 : 0]);
    }
    const wireIds = { batch: 'batch_0198c2aa7c1e7b3d9f10a4c2e6b80d11', item: 'item_0198c2aa7c1e7b3d9f10a4c2e6b80d1100000003' };
    for (const [kind, wire] of Object.entries(wireIds)) expect(wire).toMatch(new RegExp(idPattern(kind as 'batch' | 'item')));
  });

  test('a route with a body says that it may be too large, of another type or no JSON, and no other route does', () => {
    for (const [id, shape] of routes) {
      const statuses = Object.keys(operationOf(shape)['responses'] ?? {});
      expect([id, statuses.includes('415')]).toEqual([id, takesBody(shape)]);
      if (takesBody(shape)) expect([id, statuses]).toEqual([id, expect.arrayContaining(['400', '413'])]);
    }
  });

  test('the stream of events has the schema of each kind, and says that it may be over', () => {
    const responses = operationOf(ROUTES.stream_payout_batch_events)['responses'];
    expect(Object.keys(responses?.['200']?.['content']?.['text/event-stream']?.['x-events'] ?? {})).toEqual(['audit', 'progress', 'end', 'problem']);
    expect(responses?.['204']?.['content']).toBeUndefined();
  });

  test('the settings that a CSV has in its query are there, and said to be its own', () => {
    const parameters = operationOf(ROUTES.create_payout_batch)['parameters'] as unknown as { name?: string; 'x-content-type'?: string }[];
    const own = parameters.filter((one) => one['x-content-type'] === 'text/csv').map(({ name }) => name);
    expect(own.sort()).toEqual(
      Object.keys(createBatchCsv.shape)
        .filter((name) => name !== 'validate_only')
        .sort(),
    );
  });

  test('secrets are write-only', () => {
    const session = operationOf(ROUTES.create_session)['requestBody']?.['content']?.['application/json']?.['schema']?.['properties'];
    expect([session?.['password']?.['writeOnly'], session?.['code']?.['writeOnly']]).toEqual([true, true]);
  });
});
