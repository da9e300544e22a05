import { describe, expect, test } from '@jest/globals';
import { toWireId } from '../../domain/ids.js';
import { systemEntropy } from '../../vault/entropy.js';
import { settingsOf } from './every-command.js';
import { apiOf } from './scripted-api.js';

const { newId } = systemEntropy;
const WS = toWireId('workspace', newId());
const FREEZE = toWireId('freeze', newId());
const operator = (name: string) => ({ id: toWireId('operator', newId()), name });
const AT = '2030-01-01T00:00:00.000Z';

const STOPPED = {
  object: 'tenant',
  id: WS,
  organization_id: toWireId('organization', newId()),
  name: 'Corner Shop live',
  mode: 'live',
  plan: 'team',
  state: 'stopped',
  stopped_at: AT,
  closed_at: null,
  freeze: {
    id: FREEZE,
    reason: 'A key was stolen',
    proposed_by: operator('Ada'),
    proposed_at: AT,
    confirmed_by: null,
    confirmed_at: null,
    thaw: null,
  },
};

const INVITED = {
  object: 'invitation',
  id: toWireId('invitation', newId()),
  email: 'olu@example.com',
  name: 'Olu Adeyemi',
  roles: ['owner'],
  invited_by: { person_id: null, name: 'Ada' },
  created_at: AT,
  expires_at: AT,
  revoked_at: null,
};

const operatorKey = 'an operator';

describe('sluice tenant', () => {
  test('acts with SLUICE_OPERATOR_KEY and never with the key of a workspace', async () => {
    const { env, received } = await apiOf(() => ({ status: 200, body: STOPPED }));
    expect(await settingsOf({ ...env, SLUICE_OPERATOR_KEY: operatorKey }).run(['tenant', 'show', WS])).toBe(0);
    expect(received.map(({ headers }) => headers['authorization'])).toEqual([`Bearer ${operatorKey}`]);
    const { run, said } = settingsOf({ ...env, SLUICE_OPERATOR_KEY: '' });
    expect([await run(['tenant', 'show', WS]), said.join('\n')]).toEqual([4, expect.stringContaining('set SLUICE_OPERATOR_KEY')]);
    expect(received).toHaveLength(1);
  });

  test('other commands never send the key of an operator', async () => {
    const { url, received } = await apiOf(() => ({ status: 200, body: {} }));
    const { run } = settingsOf({ SLUICE_URL: url, SLUICE_OPERATOR_KEY: operatorKey });
    expect(await run(['payee', 'list'])).toBe(4);
    expect(received).toEqual([]);
  });

  test('freeze says what stands, and what another operator confirms', async () => {
    const { env, received } = await apiOf(() => ({ status: 200, body: STOPPED }));
    const { run, printed, said } = settingsOf({ ...env, SLUICE_OPERATOR_KEY: operatorKey });
    expect(await run(['tenant', 'freeze', WS, '--reason', 'A key was stolen'])).toBe(0);
    expect(received.map(({ method, path, body }) => [method, path, JSON.parse(body)])).toEqual([
      ['POST', `/v1/tenants/${WS}/freeze`, { reason: 'A key was stolen' }],
    ]);
    expect(printed.join('\n')).toContain('asked for by Ada');
    expect(said.join('\n')).toContain(`tenant confirm ${WS} --freeze ${FREEZE} --step freeze`);
  });

  test('takes the id of an organization for all its workspaces, and says what comes next for all', async () => {
    const organization = STOPPED.organization_id;
    const body = { object: 'organization_state', id: organization, workspaces: [STOPPED, { ...STOPPED, state: 'open', freeze: null }] };
    const { env, received } = await apiOf(() => ({ status: 200, body }));
    const { run, said } = settingsOf({ ...env, SLUICE_OPERATOR_KEY: operatorKey });
    expect(await run(['tenant', 'freeze', organization, '--reason', 'x'])).toBe(0);
    expect(await run(['tenant', 'confirm', organization, '--freeze', FREEZE, '--step', 'freeze'])).toBe(0);
    expect(await run(['tenant', 'thaw', organization, '--reason', 'x'])).toBe(0);
    expect(await run(['tenant', 'withdraw', organization, '--freeze', FREEZE])).toBe(0);
    expect(JSON.parse(received.at(-1)?.body ?? '')).toEqual({ freeze_id: FREEZE });
    expect(received.map(({ path }) => path)).toEqual(
      ['freeze', 'confirm', 'thaw', 'withdraw'].map((step) => `/v1/organizations/${organization}/${step}`),
    );
    expect(said.join('\n')).toContain(`tenant confirm ${organization} --freeze ${FREEZE} --step freeze`);
  });

  test('withdraw names the freeze of an organization, and of a workspace none, before anything is asked', async () => {
    const { env, received } = await apiOf(() => ({ status: 200, body: { ...STOPPED, state: 'open', freeze: null } }));
    const { run, said } = settingsOf({ ...env, SLUICE_OPERATOR_KEY: operatorKey });
    expect(await run(['tenant', 'withdraw', STOPPED.organization_id])).toBe(2);
    expect(await run(['tenant', 'withdraw', WS, '--freeze', FREEZE])).toBe(2);
    expect([received, said.join('\n')]).toEqual([[], expect.stringContaining('--freeze')]);
    expect(await run(['tenant', 'withdraw', WS])).toBe(0);
    expect(received.map(({ path }) => path)).toEqual([`/v1/tenants/${WS}/withdraw`]);
  });

  test('create and invite-owner say whom they invite', async () => {
    const { env, received } = await apiOf(({ path }) =>
      path === '/v1/tenants'
        ? { status: 201, body: { object: 'organization', id: STOPPED.organization_id, name: 'Corner Shop', workspaces: [STOPPED] } }
        : { status: 201, body: INVITED },
    );
    const { run, printed } = settingsOf({ ...env, SLUICE_OPERATOR_KEY: operatorKey });
    expect(await run(['tenant', 'create', 'Corner Shop', '--plan', 'team', '--owner', 'olu@example.com'])).toBe(0);
    expect(await run(['tenant', 'invite-owner', WS, 'olu@example.com', '--name', 'Olu Adeyemi'])).toBe(0);
    expect(received.map(({ path, body }) => [path, JSON.parse(body)])).toEqual([
      ['/v1/tenants', { name: 'Corner Shop', plan: 'team', owner: { email: 'olu@example.com', name: 'olu' } }],
      [`/v1/tenants/${WS}/owner-invitation`, { email: 'olu@example.com', name: 'Olu Adeyemi' }],
    ]);
    expect(printed.join('\n')).toContain('olu@example.com is good until');
  });

  test('create and set-plan say a plan of the table, and show says what it allows', async () => {
    const { env, received } = await apiOf(({ path }) =>
      path === '/v1/tenants'
        ? { status: 201, body: { object: 'organization', id: STOPPED.organization_id, name: 'Corner Shop', workspaces: [STOPPED] } }
        : { status: 200, body: STOPPED },
    );
    const { run, printed, said } = settingsOf({ ...env, SLUICE_OPERATOR_KEY: operatorKey });
    expect(await run(['tenant', 'create', 'Corner Shop', '--plan', 'pro', '--owner', 'olu@example.com'])).toBe(0);
    expect(await run(['tenant', 'set-plan', WS, '--plan', 'team'])).toBe(0);
    expect(received.map(({ method, path, body }) => [method, path, JSON.parse(body)])).toEqual([
      ['POST', '/v1/tenants', { name: 'Corner Shop', plan: 'pro', owner: { email: 'olu@example.com', name: 'olu' } }],
      ['POST', `/v1/tenants/${WS}/plan`, { plan: 'team' }],
    ]);
    expect(printed.join('\n')).toContain(
      'plan team: API keys are let in; 10,000 items a batch, 100 batches a day, 50 people, 10 API keys; audit log: 3 years',
    );
    expect(await run(['tenant', 'create', 'Corner Shop', '--owner', 'olu@example.com'])).toBe(2);
    expect(await run(['tenant', 'create', 'Corner Shop', '--plan', 'pro'])).toBe(2);
    expect([await run(['tenant', 'set-plan', WS, '--plan', 'free']), said.join('\n')]).toEqual([2, expect.stringContaining('enterprise')]);
    expect(received).toHaveLength(2);
  });

  test('confirm names the freeze and the step that was looked at', async () => {
    const { env, received } = await apiOf(() => ({ status: 200, body: { ...STOPPED, state: 'frozen' } }));
    const { run } = settingsOf({ ...env, SLUICE_OPERATOR_KEY: operatorKey });
    expect(await run(['tenant', 'confirm', WS, '--freeze', FREEZE, '--step', 'freeze'])).toBe(0);
    expect(received.map(({ path, body }) => [path, JSON.parse(body)])).toEqual([
      [`/v1/tenants/${WS}/confirm`, { freeze_id: FREEZE, step: 'freeze' }],
    ]);
    expect(await run(['tenant', 'confirm', WS])).toBe(2);
  });
});
