import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../../api/app.js';
import type { ApiDeps } from '../../api/deps.js';
import { docsPage } from '../../api/docs-page.js';
import { allHandlers } from '../../api/routes/all.js';
import type { SignatureResult } from '../../api/signature-result.js';
import { systemClock } from '../../api/system-clock.js';
import { toWireId } from '../../domain/ids.js';
import { type Permission, ROLES, type Role } from '../../domain/permissions.js';
import type { InTenant } from '../../operations/context.js';
import type { Stores } from '../../operations/ports.js';
import { createLogger } from '../../telemetry/logger.js';
import { nextSpan, parseTraceparent } from '../../telemetry/trace.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld } from './open.js';
import type { Person } from './people.js';
import { ratesOf } from './rates.js';

export interface Call {
  method?: string;
  token?: string;
  headers?: Record<string, string>;
  body?: unknown;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  json: Record<string, unknown>;
}

/**
 * A world with the real app on HTTP. Records what the app reads (`calls`), logs (`logged`), and counts of refused keys (`refusedKeys`), of memberships
 * that nobody sealed (`forgedMemberships`) and of signatures (`counted`).
 */
export const openApiWorld = async (more: Partial<ApiDeps> = {}) => {
  const world = await openWorld();
  const { credentials, home } = world;
  const calls: string[] = [];
  const logged: string[] = [];
  const refusedKeys: string[] = [];
  const forgedMemberships: number[] = [];
  const counted: SignatureResult[] = [];
  const draining = new AbortController();
  const recorded =
    (inTenant: InTenant): InTenant =>
    (work, options) =>
      inTenant((stores) => work(recordStores(stores, calls)), options);
  const deps: ApiDeps = {
    logger: createLogger('api', 'trace', { write: (line) => void logged.push(line) }),
    directory: world.publicContext().directory,
    hashToken: (token) => credentials.hashToken(token),
    publicContext: (requestId) => ({
      ...world.publicContext(),
      requestId,
      enter: (tenantId, mode, actor) => {
        const context = world.as(actor, { tenantId, mode });
        return { ...context, requestId, inTenant: recorded(context.inTenant) };
      },
    }),
    rates: ratesOf().rates,
    readiness: async () => [{ name: 'database', problem: null }],
    observeHttp: () => {},
    // Tests refuse a lot on purpose; test/api/anomalies.test.ts has it counted.
    noteAnomaly: async () => [],
    countAnomaly: () => {},
    countRefusedKey: (code) => void refusedKeys.push(code),
    countForgedMembership: () => void forgedMemberships.push(1),
    countSigned: (result) => void counted.push(result),
    publicUrl: null,
    trace: (traceparent, requestId) => nextSpan(parseTraceparent(traceparent), requestId),
    newRequestId: () => `req_${systemEntropy.newId().replaceAll('-', '')}`,
    leaves: { subscribe: () => () => {} },
    personEvents: { wake: () => {} },
    emailLinks: { wake: () => {} },
    clock: systemClock,
    spoolDir: join(tmpdir(), `sluice-spool-${systemEntropy.newId()}`),
    cookies: 'secure',
    draining: draining.signal,
    trustedProxies: [],
    docs: docsPage(),
    webUiUrl: null,
    securityContact: 'mailto:security@example.com',
    ...more,
  };
  const server = createServer(createApp(deps, allHandlers(deps)));
  const url = await listening(server);

  const call = async (path: string, { method = 'GET', token, headers = {}, body }: Call = {}): Promise<Answer> => {
    const sent = {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined || typeof body === 'string' ? {} : { 'content-type': 'application/json' }),
      ...headers,
    };
    const response = await fetch(`${url}${path}`, {
      method,
      headers: sent,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json') && !text.includes('\n{') ? JSON.parse(text) : {};
    return { status: response.status, headers: response.headers, text, json };
  };

  /** A session token of a person, without signing in. */
  const sessionOf = async (person: Person, tenantId = home.tenantId): Promise<string> => {
    const { token, hash } = credentials.newToken('session', 'test');
    const expiresAt = new Date(Date.now() + 3_600_000);
    await world
      .as(person, { tenantId })
      .inTenant((stores) => stores.sessions.insert({ id: systemEntropy.newId(), tokenHash: hash, personId: person.id, expiresAt, withFactor: true }));
    return token;
  };

  /** A new person of a workspace, signed in. */
  const member = async (role: Role, tenantId = home.tenantId) => {
    const person = await world.person(role, [tenantId]);
    return { person, token: await sessionOf(person, tenantId) };
  };

  /** A token of a new member for each role. */
  const tokensByRole = async (): Promise<ReadonlyMap<Role, string>> => {
    const tokens = new Map<Role, string>();
    for (const role of Object.keys(ROLES) as Role[]) tokens.set(role, (await member(role)).token);
    return tokens;
  };

  /** An API key of any scopes, also such as no operation would make. */
  const apiKey = async (owner: Person, scopes: Permission[], tenantId = home.tenantId, allowedNetworks: string[] = []) => {
    const { token, hash, prefix } = credentials.newToken('api_key', 'test');
    const id = systemEntropy.newId();
    const key = { id, name: 'a key', prefix, scopes, ownerPersonId: owner.id, allowedNetworks, expiresAt: null, tokenHash: hash };
    await world.as(owner, { tenantId }).inTenant((stores) => stores.apiKeys.insert(key));
    return { id: toWireId('apiKey', id), token };
  };

  return {
    ...world,
    url,
    calls,
    logged,
    refusedKeys,
    forgedMemberships,
    counted,
    call,
    member,
    sessionOf,
    tokensByRole,
    apiKey,
    close: async () => {
      draining.abort();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await world.close();
    },
  };
};

export type ApiWorld = Awaited<ReturnType<typeof openApiWorld>>;

const listening = async (server: Server): Promise<string> => {
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** Every call of a store's method, as `store.method`. */
export const recordStores = (stores: Stores, calls: string[]): Stores =>
  new Proxy(stores, {
    get: (target, name) => {
      const store = Reflect.get(target, name) as unknown;
      if (typeof store !== 'object' || store === null || store instanceof Date) return store;
      return new Proxy(store, {
        get: (inner, method) => {
          const own = Reflect.get(inner, method) as unknown;
          if (typeof own !== 'function') return own;
          return (...given: unknown[]) => {
            calls.push(`${String(name)}.${String(method)}`);
            return own.apply(inner, given);
          };
        },
      });
    },
  });
