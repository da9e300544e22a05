import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { credentialDirectory } from '../../db/credential-directory.js';
import { type Database, openDatabase } from '../../db/transaction/open.js';
import { toWireId } from '../../domain/ids.js';
import { KEY_SCOPES, type Permission } from '../../domain/permissions.js';
import type { Plan } from '../../domain/plans.js';
import { systemEntropy } from '../../vault/entropy.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import type { Operator } from '../world/operators.js';
import { uuidOf } from '../world/wire.js';
import { GUARDED, sampleRequest } from './sample-requests.js';

let world: ApiWorld;
let ada: Operator;
/** The database as another process of the API has it. */
let elsewhere: Database;
beforeAll(async () => {
  world = await openApiWorld();
  ada = await world.operator();
  elsewhere = openDatabase(world.database.urls.api, 1);
});
afterAll(async () => {
  await elsewhere?.close();
  await world?.close();
});

const post = (path: string, token: string, body: object = {}, key = systemEntropy.newId()) =>
  world.call(path, { method: 'POST', token, body, headers: { 'idempotency-key': key } });
const pathOf = (tenantId: string) => `/v1/tenants/${toWireId('workspace', tenantId)}`;
const OWNER = { email: 'olu@people.example', name: 'Olu' };
const setPlan = (tenantId: string, plan: Plan, by = ada) => post(`${pathOf(tenantId)}/plan`, by.token, { plan });

describe('an API key of a plan without access', () => {
  let tenantId: string;
  let key: { token: string };
  let person: string;
  beforeAll(async () => {
    ({ tenantId } = await world.workspace());
    const owner = await world.member('owner', tenantId);
    person = owner.token;
    key = await world.apiKey(owner.person, [...KEY_SCOPES], tenantId);
  });
  beforeEach(async () => {
    expect((await setPlan(tenantId, 'pro')).status).toBe(200);
    world.calls.length = 0;
  });

  const ofKeys = GUARDED.filter(([, { permission }]) => KEY_SCOPES.includes(permission as Permission));
  test.each(ofKeys)('%s is refused with the plan that would let it in, and reads nothing [S2-16]', async (id, shape) => {
    const { path, ...request } = sampleRequest(id, shape);
    const answer = await world.call(path, { ...request, token: key.token });
    expect([answer.status, answer.json]).toEqual([403, expect.objectContaining({ code: 'plan_required', plan: 'pro', allowed_by: 'team' })]);
    expect(world.calls.filter((call) => call !== 'audit.append' && call !== 'apiKeys.noteUse')).toEqual([]);
  });

  test('is let in again when the plan comes back, at the next request, and people always are [S2-16]', async () => {
    expect((await world.call('/v1/payees', { token: person })).status).toBe(200);
    expect((await world.call('/v1/payees', { token: key.token })).json['code']).toBe('plan_required');
    await setPlan(tenantId, 'team');
    expect((await world.call('/v1/payees', { token: key.token })).status).toBe(200);
    await setPlan(tenantId, 'starter');
    expect((await world.call('/v1/payees', { token: key.token })).json['code']).toBe('plan_required');
    expect((await world.call('/v1/payees', { token: person })).status).toBe(200);
  });

  test('is read with its plan in every process: nothing is kept', async () => {
    const { apiKey } = credentialDirectory(elsewhere, () => true);
    const hash = createHash('sha256').update(key.token).digest();
    expect((await apiKey(hash))?.plan).toBe('pro');
    await setPlan(tenantId, 'growth');
    expect((await apiKey(hash))?.plan).toBe('growth');
  });

  test('leaves a change that it was refused in the audit log, and no read', async () => {
    await world.call('/v1/payees', { token: key.token });
    await post('/v1/payees', key.token, {});
    const refused = (await world.audited('request.refuse', tenantId)).filter(({ result }) => result === 'plan_required');
    expect(refused.at(-1)?.actor).toMatchObject({ type: 'api_key' });
    const before = refused.length;
    await world.call('/v1/payees', { token: key.token });
    expect((await world.audited('request.refuse', tenantId)).filter(({ result }) => result === 'plan_required')).toHaveLength(before);
  });

  test('what it lacks the permission for is refused for that: the scope comes before the plan [S2-22]', async () => {
    const narrow = await world.apiKey(await world.person('owner', [tenantId]), ['payees.read'], tenantId);
    expect((await post('/v1/payees', narrow.token, {})).json['code']).toBe('forbidden');
  });
});

describe('the plan of an organization', () => {
  const made = async (plan: Plan, key = systemEntropy.newId()) => {
    const { status, json } = await post('/v1/tenants', ada.token, { name: 'Corner Shop', plan, owner: OWNER }, key);
    return { status, json, workspaces: (json['workspaces'] as { id: string; plan: string }[] | undefined) ?? [] };
  };

  test('is given when it is made, and a repeat of the request with another plan is another request', async () => {
    const key = systemEntropy.newId();
    const { status, json, workspaces } = await made('team', key);
    expect([status, workspaces.map(({ plan }) => plan)]).toEqual([201, ['team', 'team']]);
    await post(`/v1/tenants/${workspaces[0]?.id}/plan`, ada.token, { plan: 'pro' });
    // The same request still finds what it made.
    const again = await made('team', key);
    expect([again.status, again.json['id'], again.workspaces.map(({ plan }) => plan)]).toEqual([201, json['id'], ['pro', 'pro']]);
    expect((await made('growth', key)).json['code']).toBe('idempotency_key_reused');
    expect((await post('/v1/tenants', ada.token, { name: 'Corner Shop', owner: OWNER })).json['code']).toBe('invalid_request');
  });

  test('is changed by an operator for its live and its test workspace, and is in the log of both: from what, to what, by whom', async () => {
    const { workspaces } = await made('starter');
    const [one, other] = workspaces.map(({ id }) => id);
    const key = systemEntropy.newId();
    const changed = await post(`/v1/tenants/${one}/plan`, ada.token, { plan: 'growth' }, key);
    expect([changed.status, changed.json]).toEqual([200, expect.objectContaining({ id: one, plan: 'growth' })]);
    expect((await world.call(`/v1/tenants/${other}`, { token: ada.token })).json['plan']).toBe('growth');
    const events = async (id = '') =>
      world.sqlIn<{ detail: object; by: string }>(
        uuidOf(id),
        `SELECT detail, actor->>'operatorId' AS by FROM audit_event WHERE action = 'workspace.set_plan' AND tenant_id = $1`,
        [uuidOf(id)],
      );
    const event = { detail: { plan_before: 'starter', plan: 'growth' }, by: ada.id };
    expect([await events(one), await events(other)]).toEqual([[event], [event]]);
    const again = await post(`/v1/tenants/${one}/plan`, ada.token, { plan: 'growth' }, key);
    expect([again.headers.get('idempotent-replayed'), again.text]).toEqual(['true', changed.text]);
    expect(await events(one)).toHaveLength(1);
  });

  test('that operators change at once is one plan in the end, in all workspaces', async () => {
    const { workspaces } = await made('starter');
    const ids = workspaces.map(({ id }) => id);
    const plans: Plan[] = ['pro', 'team', 'growth', 'enterprise', 'pro', 'team', 'growth', 'enterprise'];
    const answers = await Promise.all(plans.map((plan, i) => post(`/v1/tenants/${ids[i % 2]}/plan`, ada.token, { plan })));
    expect(answers.map(({ status }) => status)).toEqual(plans.map(() => 200));
    const ends = await Promise.all(ids.map(async (id) => (await world.call(`/v1/tenants/${id}`, { token: ada.token })).json['plan']));
    expect(new Set(ends).size).toBe(1);
  });

  test('is one of the table', async () => {
    const { tenantId } = await world.workspace();
    const refused = await post(`${pathOf(tenantId)}/plan`, ada.token, { plan: 'free' });
    expect([refused.status, refused.json['code']]).toEqual([422, 'invalid_request']);
    expect((await world.call(pathOf(tenantId), { token: ada.token })).json['plan']).toBe('enterprise');
  });
});

test('what is beyond a limit says so, with what is used and the plan that would allow it', async () => {
  const { tenantId } = await world.workspace();
  await setPlan(tenantId, 'starter');
  const { token } = await world.member('owner', tenantId);
  for (let i = 0; i < 4; i++) await world.person('auditor', [tenantId]);
  const [, invite] = GUARDED.find(([id]) => id === 'create_invitation') ?? [];
  if (!invite) throw new Error('the table has no create_invitation');
  const { path, ...request } = sampleRequest('create_invitation', invite);
  const answer = await world.call(path, { ...request, token });
  expect([answer.status, answer.json]).toEqual([
    403,
    expect.objectContaining({ code: 'plan_limit', plan: 'starter', limit: 'people', allowed: 5, used: 5, allowed_by: 'pro' }),
  ]);
});
