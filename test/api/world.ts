import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../../api/app.js';
import type { ApiDeps } from '../../api/deps.js';
import { docsPage } from '../../api/docs-page.js';
import { allHandlers } from '../../api/routes/all.js';
import type { Permission, Role } from '../../domain/actors.js';
import { toWireId } from '../../domain/ids.js';
import type { InTenant } from '../../operations/context.js';
import type { Stores } from '../../operations/ports.js';
import { openRails } from '../../rails/registry.js';
import { createLogger } from '../../telemetry/logger.js';
import { nextSpan, parseTraceparent } from '../../telemetry/trace.js';
import { systemEntropy } from '../../vault/entropy.js';
import { accessWorld, type Person } from '../operations/access-world.js';

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

/** The real app over a real database; what it reads and logs is recorded. */
export const apiWorld = async (more: Partial<ApiDeps> = {}) => {
  const access = await accessWorld();
  access.services.rails = openRails();
  const calls: string[] = [];
  const logged: string[] = [];
  const draining = new AbortController();
  const recorded =
    (inTenant: InTenant): InTenant =>
    (work, patience) =>
      inTenant((stores) => work(recordStores(stores, calls)), patience);
  const deps: ApiDeps = {
    logger: createLogger('api', 'trace', { write: (line) => void logged.push(line) }),
    directory: access.publicContext.directory,
    hashToken: (token) => access.services.credentials.hashToken(token),
    publicContext: (requestId) => ({
      ...access.publicContext,
      requestId,
      enter: (tenantId, mode, actor) => {
        const context = access.enter(tenantId, mode, actor);
        return { ...context, requestId, inTenant: recorded(context.inTenant) };
      },
    }),
    readiness: async () => [{ name: 'database', problem: null }],
    metrics: async () => ({ contentType: 'text/plain', text: '' }),
    observeHttp: () => {},
    trace: (traceparent, requestId) => nextSpan(parseTraceparent(traceparent), requestId),
    newRequestId: () => `req_${systemEntropy.newId().replaceAll('-', '')}`,
    leaves: { subscribe: () => () => {} },
    spoolDir: join(tmpdir(), `sluice-spool-${systemEntropy.newId()}`),
    cookies: 'secure',
    draining: draining.signal,
    docs: docsPage(),
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

  /** A session token of a person, without the way over the sign-in. */
  const sessionOf = async (person: Person, role: Role, tenantId = access.workspaces.test): Promise<string> => {
    const { token, hash } = access.services.credentials.newToken('session', 'test');
    const expiresAt = new Date(Date.now() + 3_600_000);
    await access
      .as(person, role, tenantId)
      .inTenant((stores) => stores.sessions.insert({ id: systemEntropy.newId(), tokenHash: hash, personId: person.id, expiresAt }));
    return token;
  };

  const member = async (role: Role, tenantId = access.workspaces.test) => {
    const person = await access.newPerson(role, [tenantId]);
    return { person, token: await sessionOf(person, role, tenantId) };
  };

  const apiKey = async (owner: Person, scopes: Permission[], tenantId = access.workspaces.test) => {
    const { token, hash, prefix } = access.services.credentials.newToken('api_key', 'test');
    const id = systemEntropy.newId();
    await access
      .as(owner, 'admin', tenantId)
      .inTenant((stores) => stores.apiKeys.insert({ id, name: 'a key', prefix, scopes, ownerPersonId: owner.id, expiresAt: null, tokenHash: hash }));
    return { id: toWireId('apiKey', id), token };
  };

  /** What a workspace needs before it can pay: a funding account and a connection. */
  const furnish = async (tenantId: string): Promise<{ accountId: string; connectionId: string }> => {
    const [accountId, connectionId] = [systemEntropy.newId(), systemEntropy.newId()];
    await access.asOwner(tenantId, `INSERT INTO account (tenant_id, id, kind, currency, name) VALUES ($1, $2, 'funding', 'EUR', 'Main')`, [
      tenantId,
      accountId,
    ]);
    await access.asOwner(
      tenantId,
      `INSERT INTO rail_connection (tenant_id, id, rail, name, settings, sealed) VALUES ($1, $2, 'sandbox', 'Sandbox', $3, '\\x00')`,
      [tenantId, connectionId, JSON.stringify({ base_url: 'http://127.0.0.1:9', endpoint: 'bulk', settlement: 'immediate' })],
    );
    return { accountId, connectionId };
  };

  return {
    ...access,
    url,
    calls,
    logged,
    call,
    sessionOf,
    member,
    apiKey,
    furnish,
    close: async () => {
      draining.abort();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await access.close();
    },
  };
};

export type ApiWorld = Awaited<ReturnType<typeof apiWorld>>;

const listening = async (server: Server): Promise<string> => {
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** Every call of a store's method, as `store.method`. */
const recordStores = (stores: Stores, calls: string[]): Stores =>
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
