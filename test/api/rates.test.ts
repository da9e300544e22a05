import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { bindRoutes, STAGES, stagesOf } from '../../api/bind.js';
import type { ApiDeps } from '../../api/deps.js';
import type { Handlers } from '../../api/handlers.js';
import { plan } from '../../api/middleware/plan.js';
import { workspace } from '../../api/middleware/workspace.js';
import { isOperatorPermission } from '../../domain/permissions.js';
import { RATE_CLASSES, RATES, type RateChanges, type RateSubject } from '../../domain/rates.js';
import { systemEntropy } from '../../vault/entropy.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import { ratesOf } from '../world/rates.js';
import { GUARDED, OF_PLATFORM, ROUTE_LIST, sampleRequest } from './sample-requests.js';

/** Limits that a test sets. `direct` believes nobody about an address, `proxied` the one proxy in front of it. */
let direct: ApiWorld;
let proxied: ApiWorld;
let set = ratesOf();
const limited: ApiDeps['rates'] = {
  tableOf: (workspace) => set.rates.tableOf(workspace),
  take: (key, limit) => set.rates.take(key, limit),
  onRefused: (what) => set.rates.onRefused(what),
};
const limit = (changes: RateChanges): void => {
  set = ratesOf(changes);
};

beforeAll(async () => {
  direct = await openApiWorld({ rates: limited });
  proxied = await openApiWorld({ rates: limited, trustedProxies: ['127.0.0.0/8', '::1/128'] });
});
afterAll(async () => {
  await direct?.close();
  await proxied?.close();
});
beforeEach(() => {
  limit({});
  direct.calls.length = 0;
});

const MINUTE = 60;
const of = (requests: number) => ({ requests, seconds: MINUTE });
/** This subject may send so many requests of every class. */
const everyClass = (subject: RateSubject, requests: number): RateChanges =>
  Object.fromEntries(
    RATE_CLASSES.map((rateClass) => [rateClass, { ...ratesOf().rates.tableOf(null)[rateClass], [subject]: of(requests) }]),
  ) as RateChanges;

const read = async (world: ApiWorld, token: string, headers: Record<string, string> = {}): Promise<number> =>
  (await world.call('/v1/payees', { token, headers })).status;

describe('the path of a request', () => {
  const deps = { rates: limited, cookies: 'secure', spoolDir: '' } as unknown as ApiDeps;
  const handlers = new Proxy({}, { get: () => ({}) }) as Handlers;

  test('its stages are in one order for all routes: authenticate, scope, rate, plan, act [S2-22]', () => {
    const before = ['name', 'network', 'authenticate', 'origin', 'workspace', 'scope', 'rate', 'plan'];
    expect(STAGES).toEqual([...before, 'recovery', 'signature', 'body', 'act']);
  });

  test.each(ROUTE_LIST)('%s has every stage that it needs [S2-22]', (id, shape) => {
    const stages = stagesOf(deps, id, shape, handlers);
    const isOpen = shape.permission === 'public' || shape.permission === 'signed';
    const ofPlatform = isOperatorPermission(shape.permission);
    if (ofPlatform) expect(Object.keys(stages)).toEqual(expect.arrayContaining(['name', 'network', 'authenticate', 'rate', 'act']));
    const needed =
      isOpen || ofPlatform ? ['name', 'network', 'act'] : ['name', 'network', 'authenticate', 'origin', 'workspace', 'scope', 'rate', 'plan', 'act'];
    for (const stage of needed) expect([stage, stages[stage as keyof typeof stages]?.length ?? 0]).toEqual([stage, 1]);
    expect(Object.keys(stages).filter((stage) => !(STAGES as readonly string[]).includes(stage))).toEqual([]);
  });

  test('all that a route has to do is mounted', () => {
    const counts = ROUTE_LIST.map(([id, shape]) => Object.values(stagesOf(deps, id, shape, handlers)).flat().length);
    const mounted = bindRoutes(deps, handlers).stack.flatMap(({ route }) => (route && route.stack.length > 1 ? route.stack.length : []));
    expect(mounted).toEqual(counts);
  });

  test('the plan is asked right after workspace, scope and rate on every route of a workspace, and on no other [S2-22]', () => {
    const mounted = bindRoutes(deps, handlers).stack.flatMap(({ route }) => (route && route.stack.length > 1 ? [route.stack] : []));
    const found = mounted.map((stack) => stack.map(({ handle }) => handle)).map((handles) => handles.indexOf(plan) - handles.indexOf(workspace));
    const guarded = GUARDED.map(([id]) => id);
    expect(found).toEqual(ROUTE_LIST.map(([id]) => (guarded.includes(id) ? 3 : 0)));
  });

  test('a key that its plan does not let in is counted all the same [S2-22]', async () => {
    const key = await direct.apiKey(await direct.person('admin'), ['payees.read']);
    limit({ read: { ...RATES.read, principal: of(1) } });
    await direct.sql(`UPDATE workspace SET plan = 'pro'`);
    const codes = [];
    for (let i = 0; i < 2; i++) codes.push((await direct.call('/v1/payees', { token: key.token })).json['code']);
    await direct.sql(`UPDATE workspace SET plan = 'enterprise'`);
    expect(codes).toEqual(['plan_required', 'rate_limited']);
  });

  test('a workspace with a plan has the limits of its plan, and from the next request on those of another [S1-07]', async () => {
    const { token } = await direct.member('auditor');
    set = ratesOf({}, undefined, { pro: { read: { principal: of(1) } } });
    await direct.sql(`UPDATE workspace SET plan = 'pro'`);
    expect([await read(direct, token), await read(direct, token)]).toEqual([200, 429]);
    await direct.sql(`UPDATE workspace SET plan = 'enterprise'`);
    // Another window, because a process refuses by itself until the end of the one that was used up.
    set.pass(MINUTE * 1_000);
    expect([await read(direct, token), await read(direct, token)]).toEqual([200, 200]);
  });

  test.each(ROUTE_LIST)(
    '%s counts the network before it looks at a credential, a body or the database [S1-27] [S4-25] [S5-18]',
    async (id, shape) => {
      limit(everyClass('network', 0));
      const { path, ...request } = sampleRequest(id, shape);
      for (const token of [undefined, 'x', direct.services.credentials.newToken('session', 'test').token]) {
        const answer = await direct.call(path, { ...request, body: shape.body ? '{' : undefined, ...(token ? { token } : {}) });
        expect([answer.status, answer.json['code'], answer.json['policy']]).toEqual([429, 'rate_limited', `${shape.rateClass}-network`]);
      }
      expect(direct.calls).toEqual([]);
    },
  );

  test.each(GUARDED)('%s counts a principal once it is known and allowed, and before the body is read [S2-15] [S5-18]', async (id, shape) => {
    limit(everyClass('principal', 0));
    const { token } = await direct.member('admin');
    direct.calls.length = 0;
    const { path, ...request } = sampleRequest(id, shape);
    expect((await direct.call(path, { ...request, token: 'x' })).status).toBe(401);
    const answer = await direct.call(path, { ...request, body: shape.body ? '{' : undefined, token });
    expect([answer.status, answer.json['policy']]).toEqual([429, `${shape.rateClass}-principal`]);
    expect(direct.calls).toEqual([]);
  });

  test.each(OF_PLATFORM)('%s counts the operator, and never a workspace, whose people could keep it from being frozen', async (id, shape) => {
    const { token } = await direct.operator();
    const { path, ...request } = sampleRequest(id, shape);
    const policyOf = async () => (await direct.call(path, { ...request, token })).json['policy'];
    limit(everyClass('workspace', 0));
    expect(await policyOf()).toBeUndefined();
    limit(everyClass('principal', 0));
    expect(await policyOf()).toBe(`${shape.rateClass}-principal`);
  });

  test('whoever lacks the permission is refused for that, and uses up nothing of their own', async () => {
    limit({ write: { ...RATES.write, principal: of(1) } });
    const { token } = await direct.member('auditor');
    for (let i = 0; i < 3; i++) expect((await direct.call('/v1/payees', { method: 'POST', token, body: {} })).status).toBe(403);
    expect(set.asked.filter(({ key }) => key.includes('principal'))).toEqual([]);
  });
});

describe('who is counted', () => {
  test('a person across all of their sessions, a key by itself, and nobody for another [S2-15] [S3-17] [S5-18]', async () => {
    const { person, token } = await direct.member('admin');
    const [key, otherKey] = [await direct.apiKey(person, ['payees.read']), await direct.apiKey(person, ['payees.read'])];
    const { token: colleague } = await direct.member('admin');
    const again = await direct.sessionOf(person);
    limit({ read: { ...RATES.read, principal: of(2) } });
    expect([await read(direct, token), await read(direct, again), await read(direct, token), await read(direct, again)]).toEqual([
      200, 200, 429, 429,
    ]);
    expect([await read(direct, key.token), await read(direct, key.token), await read(direct, key.token)]).toEqual([200, 200, 429]);
    expect([await read(direct, otherKey.token), await read(direct, colleague)]).toEqual([200, 200]);
  });

  test('a workspace has a quota of its own, and another one is not counted for it [S1-07]', async () => {
    const other = await direct.workspace();
    const [one, two, foreign] = [await direct.member('admin'), await direct.member('auditor'), await direct.member('admin', other.tenantId)];
    limit({ read: { ...RATES.read, workspace: of(3) } });
    expect([await read(direct, one.token), await read(direct, two.token), await read(direct, one.token)]).toEqual([200, 200, 200]);
    const refused = await direct.call('/v1/payees', { token: two.token });
    expect([refused.status, refused.json['policy']]).toEqual([429, 'read-workspace']);
    expect(await read(direct, foreign.token)).toBe(200);
  });

  test('who has used up what is theirs uses up nothing of their workspace’s [S1-07]', async () => {
    const [one, two] = [await direct.member('admin'), await direct.member('admin')];
    limit({ read: { ...RATES.read, principal: of(2), workspace: of(4) } });
    for (let i = 0; i < 10; i++) await read(direct, one.token);
    expect([await read(direct, two.token), await read(direct, two.token)]).toEqual([200, 200]);
  });

  test('a class is counted apart from the others: who has no sign-in left still opens a gate, and the other way round [S3-18]', async () => {
    const { token } = await direct.member('approver');
    limit({ sign_in: { network: of(0) }, code: { ...RATES.code, principal: of(1) } });
    const body = { email: 'a@example.com', password: 'x', code: '123456' };
    expect((await direct.call('/v1/sessions', { method: 'POST', body })).json['policy']).toBe('sign_in-network');
    const gate = ROUTE_LIST.find(([id]) => id === 'approve_payout_batch');
    const approve = async () => {
      const { path, ...request } = sampleRequest(...(gate as (typeof ROUTE_LIST)[number]));
      return (await direct.call(path, { ...request, token })).json['code'];
    };
    expect([await approve(), await approve()]).toEqual(['not_found', 'rate_limited']);
    expect(await read(direct, token)).toBe(200);
  });

  test('nobody gets another budget by a header that names another address [S5-18]', async () => {
    const { token } = await direct.member('admin');
    limit({ read: { ...RATES.read, network: of(3) } });
    const statuses = [];
    for (const header of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'x-client-ip', 'true-client-ip'])
      statuses.push(await read(direct, token, { [header]: header === 'forwarded' ? 'for=192.0.2.9' : '192.0.2.9' }));
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
  });

  test('behind a trusted proxy the address that the proxy saw counts, and none that was sent to it', async () => {
    const { token } = await proxied.member('admin');
    limit({ read: { ...RATES.read, network: of(1) } });
    const from = (address: string) => read(proxied, token, { 'x-forwarded-for': address });
    expect([await from('192.0.2.1'), await from('198.51.100.7, 192.0.2.1'), await from('192.0.2.2')]).toEqual([200, 429, 200]);
  });

  test('an address has one budget however it is written, and a subscriber one for all addresses of theirs', async () => {
    const { token } = await proxied.member('admin');
    limit({ read: { ...RATES.read, network: of(1) } });
    const from = (address: string) => read(proxied, token, { 'x-forwarded-for': address });
    expect([await from('192.0.2.1'), await from('::ffff:192.0.2.1'), await from('::ffff:c000:201')]).toEqual([200, 429, 429]);
    expect([await from('2001:db8::1'), await from('2001:db8:0:0:ffff::2'), await from('2001:db8:0:1::1')]).toEqual([200, 429, 200]);
  });

  test('what a proxy writes that is no address counts for the proxy', async () => {
    const { token } = await proxied.member('admin');
    limit({ read: { ...RATES.read, network: of(1) } });
    const from = (address: string) => read(proxied, token, { 'x-forwarded-for': address });
    expect([await from('unknown'), await from('_hidden'), await from('192.0.2.1')]).toEqual([200, 429, 200]);
  });
});

describe('what a caller is told', () => {
  test('every answer says by which limits it was counted, and what is left of the nearest', async () => {
    const { token } = await direct.member('admin');
    limit({ read: { network: of(1_000), principal: of(10), workspace: of(100) } });
    for (const path of ['/v1/payees', '/v1/payees?limit=0', '/v1/payees/payee_x']) {
      const { headers } = await direct.call(path, { token });
      expect(headers.get('ratelimit-policy')).toBe('"read-network";q=1000;w=60, "read-principal";q=10;w=60, "read-workspace";q=100;w=60');
      expect(headers.get('ratelimit')).toMatch(/^"read-principal";r=[987];t=60$/);
    }
    const unknown = await direct.call('/v1/payees', { token: 'x' });
    expect([unknown.status, unknown.headers.get('ratelimit-policy')]).toEqual([401, '"read-network";q=1000;w=60']);
  });

  test('a refusal is a problem that names the limit and the wait; after it the same request is answered', async () => {
    const { token } = await direct.member('admin');
    limit({ write: { network: of(100), principal: of(2), workspace: of(100) } });
    const body = (reference: string) => ({ reference, name: 'Ada', country: 'DE', account_token: 'acct_ok_1' });
    const send = (reference: string) =>
      direct.call('/v1/payees', { method: 'POST', token, body: body(reference), headers: { 'idempotency-key': `rate-${reference}` } });
    const first = systemEntropy.newId();
    expect([(await send(first)).status, (await send(first)).headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    set.pass(20_000);
    const refused = await send('after');
    expect(refused.status).toBe(429);
    expect(refused.json).toMatchObject({ code: 'rate_limited', policy: 'write-principal', retry_after_seconds: 40 });
    expect(refused.json['detail']).toBe(
      'There were more than 2 requests that change something by one person or key in 60 s. Nothing was done; send it again in 40 s.',
    );
    expect(['retry-after', 'ratelimit'].map((name) => refused.headers.get(name))).toEqual(['40', '"write-principal";r=0;t=40']);
    set.pass(40_000);
    const answer = await send('after');
    expect([answer.status, answer.headers.get('idempotent-replayed')]).toEqual([201, null]);
  });

  test('refusals are counted by class and subject, and not by who it was', async () => {
    const { token } = await direct.member('admin');
    limit({ read: { ...RATES.read, workspace: of(0) }, sign_in: { network: of(0) } });
    await read(direct, token);
    await direct.call('/v1/sessions', { method: 'POST', body: {} });
    expect(set.refused).toEqual([
      { class: 'read', by: 'workspace' },
      { class: 'sign_in', by: 'network' },
    ]);
  });
});
