import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { permissionsOf } from '../../domain/actors.js';
import { toWireId } from '../../domain/ids.js';
import { holdersOf, KEY_SCOPES, type Permission, ROLES, type Role } from '../../domain/permissions.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import { GUARDED, ROUTE_LIST, sampleRequest } from './sample-requests.js';

let world: ApiWorld;
let tokens: ReadonlyMap<Role, string>;

beforeAll(async () => {
  world = await openApiWorld();
  tokens = await world.tokensByRole();
});
afterAll(() => world.close());
beforeEach(() => {
  world.calls.length = 0;
});

const tokenOf = (role: Role): string => tokens.get(role) ?? '';

describe('default deny', () => {
  test('every route of the table has a permission or is marked public or signed, and exactly these are [S1-03]', () => {
    const open = ROUTE_LIST.filter(([, { permission }]) => permission === 'public' || permission === 'signed').map(([id]) => id);
    expect(open.sort()).toEqual([
      ...['accept_invitation', 'ask_password_reset', 'complete_email_verification', 'complete_password_reset'],
      ...['create_session', 'receive_inbound'],
    ]);
  });

  test.each(GUARDED)('%s without a credential is 401 and reads nothing [S1-01] [S1-03]', async (id, shape) => {
    const { path, ...request } = sampleRequest(id, shape);
    const answer = await world.call(path, request);
    expect([answer.status, answer.json['code']]).toEqual([401, 'unauthenticated']);
    expect(world.calls).toEqual([]);
  });

  test.each(GUARDED)('%s with credentials of no form, a wrong checksum or an unknown token is 401 [S1-03]', async (id, shape) => {
    const unknown = world.services.credentials.newToken('api_key', 'live').token;
    const { path, ...request } = sampleRequest(id, shape);
    for (const authorization of ['Bearer x', 'Basic dXNlcjpwYXNz', `Bearer ${unknown}`, `Bearer ${unknown.slice(0, -1)}~`]) {
      const answer = await world.call(path, { ...request, headers: { ...request.headers, authorization } });
      expect([authorization, answer.status]).toEqual([authorization, 401]);
    }
    expect(world.calls).toEqual([]);
  });
});

describe('permissions', () => {
  const matrix = GUARDED.flatMap(([id, shape]) => (Object.keys(ROLES) as Role[]).map((role) => ({ id, shape, role })));

  test.each(matrix)(
    '$id as $role: 403 exactly when the table says so, before any read [S1-05] [S3-04] [S3-05] [S3-06] [S5-15]',
    async ({ id, shape, role }) => {
      const allowed = (ROLES[role] as readonly string[]).includes(shape.permission);
      const { path, ...request } = sampleRequest(id, shape);
      // This route ends its session, which the other cases still need.
      const token = id === 'end_session' ? (await world.member(role)).token : tokenOf(role);
      world.calls.length = 0;
      const answer = await world.call(path, { ...request, token });
      const refusedByTable = answer.status === 403 && answer.json['code'] === 'forbidden' && answer.json['permission'] === shape.permission;
      expect(refusedByTable).toBe(!allowed);
      // A refused change is audited as a failed attempt; nothing else of the workspace is touched.
      if (!allowed) expect(answer.json['detail']).toContain(`${holdersOf(shape.permission as Permission)} may`);
      if (!allowed) expect(world.calls).toEqual(shape.method === 'GET' ? [] : ['audit.append']);
    },
  );

  test('a refused change stands in the audit log with actor, action and result [S3-20]', async () => {
    const { token, person } = await world.member('auditor');
    await world.call('/v1/payees', { method: 'POST', token, body: {} });
    const events = await world.audited('request.refuse');
    expect(events.at(-1)).toMatchObject({ result: 'forbidden', actor: { type: 'user', personId: person.id } });
  });

  test.each(KEY_SCOPES)('a key with the one scope %s may do that, on every route, and nothing else [S2-08] [S2-13]', async (scope) => {
    const owner = await world.person('admin', [world.home.tenantId]);
    const { token } = await world.apiKey(owner, [scope]);
    for (const [id, shape] of GUARDED) {
      const { path, ...request } = sampleRequest(id, shape);
      const answer = await world.call(path, { ...request, token });
      expect([id, answer.json['permission'] === shape.permission && answer.json['code'] === 'forbidden']).toEqual([id, shape.permission !== scope]);
    }
  });

  test('a key that claims every permission still opens no gate, makes no key and is no session [S2-20]', async () => {
    const owner = await world.person('admin', [world.home.tenantId]);
    const all = [...new Set(Object.values(ROLES).flat())] as Permission[];
    const { token } = await world.apiKey(owner, all);
    const refused: string[] = [];
    for (const [id, shape] of GUARDED) {
      const { path, ...request } = sampleRequest(id, shape);
      if ((await world.call(path, { ...request, token })).json['code'] === 'forbidden') refused.push(id);
    }
    const reserved = GUARDED.filter(
      ([, { permission }]) => !permissionsOf({ type: 'api_key', keyId: '', ownerPersonId: '', scopes: all }).includes(permission as Permission),
    );
    expect(refused).toEqual(reserved.map(([id]) => id));
    expect(refused).toEqual(expect.arrayContaining(['approve_payout_batch', 'authorize_payout_batch', 'execute_payout_batch', 'create_api_key']));
  });

  test('a revoked key is refused on every route at once [S2-20]', async () => {
    const { token: admin, person } = await world.member('admin');
    const key = await world.apiKey(person, [...KEY_SCOPES]);
    expect((await world.call('/v1/payees', { token: key.token })).status).toBe(200);
    expect((await world.call(`/v1/api-keys/${key.id}`, { method: 'DELETE', token: admin })).status).toBe(200);
    for (const [id, shape] of GUARDED) {
      const { path, ...request } = sampleRequest(id, shape);
      expect([id, (await world.call(path, { ...request, token: key.token })).status]).toEqual([id, 401]);
    }
  });
});

describe('workspaces', () => {
  test.each(GUARDED)("%s refuses a Sluice-Workspace that is not the credential's, before any read [S1-04] [S1-09]", async (id, shape) => {
    const { path, ...request } = sampleRequest(id, shape);
    const foreign = await world.workspace();
    for (const stated of [toWireId('workspace', foreign.tenantId), 'ws_x', '']) {
      const answer = await world.call(path, { ...request, token: tokenOf('admin'), headers: { ...request.headers, 'sluice-workspace': stated } });
      expect([answer.status, answer.json['code']]).toEqual([403, 'workspace_mismatch']);
    }
    expect(world.calls).toEqual([]);
  });

  test("the header that names the credential's own workspace changes nothing [S1-04]", async () => {
    const headers = { 'sluice-workspace': toWireId('workspace', world.home.tenantId) };
    expect((await world.call('/v1/payees', { token: tokenOf('admin'), headers })).status).toBe(200);
  });
});
