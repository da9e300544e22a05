import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { toWireId } from '../../domain/ids.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import { GUARDED, ROUTE_LIST, sampleRequest } from './sample-requests.js';

let world: ApiWorld;
let admin: string;

beforeAll(async () => {
  world = await openApiWorld();
  admin = (await world.member('admin')).token;
});
afterAll(() => world.close());
beforeEach(() => {
  world.calls.length = 0;
});

describe('default deny', () => {
  test('every route of the table has a permission or is marked public or signed, and exactly these are [S1-03]', () => {
    const open = ROUTE_LIST.filter(([, { permission }]) => permission === 'public' || permission === 'signed').map(([id]) => id);
    expect(open.sort()).toEqual([
      ...['accept_invitation', 'ask_passkey_session', 'ask_password_reset', 'complete_email_verification', 'complete_password_reset'],
      ...['create_passkey_session', 'create_session', 'receive_inbound'],
    ]);
  });

  test.each(GUARDED)(
    '%s with none, or with credentials of no form, a wrong checksum or an unknown token is 401 and reads nothing [S1-01] [S1-03]',
    async (id, shape) => {
      const unknown = world.services.credentials.newToken('api_key', 'live').token;
      const { path, ...request } = sampleRequest(id, shape);
      for (const authorization of ['Bearer x', 'Basic dXNlcjpwYXNz', `Bearer ${unknown}`, `Bearer ${unknown.slice(0, -1)}~`]) {
        const answer = await world.call(path, { ...request, headers: { ...request.headers, authorization } });
        expect([authorization, answer.status]).toEqual([authorization, 401]);
      }
      expect((await world.call(path, request)).json['code']).toBe('unauthenticated');
      expect(world.calls).toEqual([]);
    },
  );
});

/** What each principal may do is in test/api/matrix.test.ts. */
test('a refused change stands in the audit log with actor, action and result [S3-20]', async () => {
  const { token, person } = await world.member('auditor');
  await world.call('/v1/payees', { method: 'POST', token, body: {} });
  const events = await world.audited('request.refuse');
  expect(events.at(-1)).toMatchObject({ result: 'forbidden', actor: { type: 'user', personId: person.id } });
});

describe('workspaces', () => {
  test.each(GUARDED)("%s refuses a Sluice-Workspace that is not the credential's, before any read [S1-04] [S1-09]", async (id, shape) => {
    const { path, ...request } = sampleRequest(id, shape);
    const foreign = await world.workspace();
    for (const stated of [toWireId('workspace', foreign.tenantId), 'ws_x', '']) {
      const answer = await world.call(path, { ...request, token: admin, headers: { ...request.headers, 'sluice-workspace': stated } });
      expect([answer.status, answer.json['code']]).toEqual([403, 'workspace_mismatch']);
    }
    expect(world.calls).toEqual([]);
  });

  test("the header that names the credential's own workspace changes nothing [S1-04]", async () => {
    const headers = { 'sluice-workspace': toWireId('workspace', world.home.tenantId) };
    expect((await world.call('/v1/payees', { token: admin, headers })).status).toBe(200);
  });
});
