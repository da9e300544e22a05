import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { PlatformContext } from '../../operations/context.js';
import { createTenant } from '../../operations/tenant/create.js';
import { freezeTenant } from '../../operations/tenant/freeze.js';
import { confirmOrganizationFreeze, freezeOrganization, thawOrganization, withdrawOrganizationFreeze } from '../../operations/tenant/organization.js';
import { withdrawFreeze } from '../../operations/tenant/withdraw.js';
import { openWorld, type World } from '../world/open.js';
import type { Operator } from '../world/operators.js';
import { codeOf, must, uuidOf } from '../world/wire.js';

jest.setTimeout(120_000);

let world: World;
let ada: Operator;
let ben: Operator;
let organization: string;
/** Live, then test. */
let workspaces: string[];
beforeAll(async () => {
  world = await openWorld();
  [ada, ben] = [await world.operator(), await world.operator()];
});
afterAll(() => world?.close());
beforeEach(async () => {
  const owner = { email: `${world.services.entropy.newId()}@people.example`, name: 'Olu' };
  const made = must(await createTenant(platform(ada), { name: 'Corner Shop', plan: 'team', owner, key: world.services.entropy.newId() }));
  organization = uuidOf(made.id);
  workspaces = [...made.workspaces].sort((a, b) => (a.mode < b.mode ? -1 : 1)).map(({ id }) => uuidOf(id));
});

const platform = ({ actor }: Operator, changes: Partial<PlatformContext> = {}): PlatformContext => ({
  ...world.publicContext(),
  operator: actor,
  ...changes,
});
const ask = (who = ada, reason = 'An owner was robbed') => freezeOrganization(platform(who), { organization_id: organization, reason });
const confirm = (who: Operator, freezeId: string, step: 'freeze' | 'thaw') =>
  confirmOrganizationFreeze(platform(who), { organization_id: organization, freeze_id: uuidOf(freezeId), step });
const withdraw = (who: Operator, freezeId: string) =>
  withdrawOrganizationFreeze(platform(who), { organization_id: organization, freeze_id: uuidOf(freezeId) });
const statesOf = (state: { workspaces: { state: string }[] }) => state.workspaces.map((one) => one.state);
const freezesOf = (state: { workspaces: { freeze: { id: string } | null }[] }) => [
  ...new Set(state.workspaces.map(({ freeze }) => freeze?.id ?? '')),
];
const logged = async (tenantId: string) =>
  (
    await world.sqlIn<{ said: string }>(
      tenantId,
      `SELECT action || ' ' || result AS said FROM audit_event WHERE tenant_id = $1 AND action LIKE 'workspace.%' ORDER BY id`,
      [tenantId],
    )
  ).map(({ said }) => said);

describe('an organization', () => {
  test('is stopped as a whole by one, closed by another, and thawed by two, as one freeze', async () => {
    const asked = must(await ask());
    expect([statesOf(asked), freezesOf(asked)]).toEqual([['stopped', 'stopped'], [expect.stringMatching(/^freeze_/)]]);
    const [id = ''] = freezesOf(asked);
    expect(codeOf(await confirm(ada, id, 'freeze'))).toBe('freeze_same_person');
    expect(statesOf(must(await confirm(ben, id, 'freeze')))).toEqual(['frozen', 'frozen']);
    expect(statesOf(must(await thawOrganization(platform(ben), { organization_id: organization, reason: 'She has it back' })))).toEqual([
      'thawing',
      'thawing',
    ]);
    expect(codeOf(await confirm(ben, id, 'thaw'))).toBe('freeze_same_person');
    expect(statesOf(must(await confirm(ada, id, 'thaw')))).toEqual(['open', 'open']);
    for (const tenantId of workspaces)
      expect(await logged(tenantId)).toEqual([
        ...['workspace.create ok', 'workspace.freeze ok', 'workspace.confirm_freeze freeze_same_person', 'workspace.confirm_freeze ok'],
        ...['workspace.thaw ok', 'workspace.confirm_thaw freeze_same_person', 'workspace.confirm_thaw ok'],
      ]);
  });

  test('is frozen where it is not already, and confirmed by what was looked at alone', async () => {
    const [live = ''] = workspaces;
    const own = must(await freezeTenant(world.as(ben.actor, { tenantId: live, mode: 'live' }), { reason: 'x' }));
    const asked = must(await ask());
    expect([statesOf(asked), freezesOf(asked)]).toEqual([['stopped', 'stopped'], expect.arrayContaining([own.freeze?.id])]);
    const id = asked.workspaces.find(({ mode }) => mode === 'test')?.freeze?.id ?? '';
    const confirmed = must(await confirm(ben, id, 'freeze'));
    expect(confirmed.workspaces.map(({ mode, state }) => [mode, state]).sort()).toEqual([
      ['live', 'stopped'],
      ['test', 'frozen'],
    ]);
    expect(codeOf(await ask())).toBe('freeze_state');
  });

  test('stops live first, and asking again after a break-off goes on as the same freeze', async () => {
    const whole = platform(ada);
    let entered = 0;
    const broken: PlatformContext = platform(ada, {
      enter: (...where) => {
        if (++entered === 2) throw new Error('the machine stopped');
        return whole.enter(...where);
      },
    });
    await expect(freezeOrganization(broken, { organization_id: organization, reason: 'An owner was robbed' })).rejects.toThrow('stopped');
    const [live = '', sandbox = ''] = workspaces;
    expect([await logged(live), await logged(sandbox)]).toEqual([['workspace.create ok', 'workspace.freeze ok'], ['workspace.create ok']]);
    const asked = must(await ask());
    expect([statesOf(asked), freezesOf(asked)]).toEqual([['stopped', 'stopped'], [expect.stringMatching(/^freeze_/)]]);
  });

  test('stops again what was withdrawn alone, while the rest is still asked for', async () => {
    const [live = ''] = workspaces;
    const before = freezesOf(must(await ask()));
    must(await withdrawFreeze(world.as(ada.actor, { tenantId: live, mode: 'live' })));
    const asked = must(await ask());
    expect(statesOf(asked)).toEqual(['stopped', 'stopped']);
    const [other, ...rest] = freezesOf(asked).filter((id) => !before.includes(id));
    expect([freezesOf(asked), rest]).toEqual([expect.arrayContaining(before), []]);
    expect(asked.workspaces.find(({ mode }) => mode === 'live')?.freeze?.id).toBe(other);
    for (const id of freezesOf(asked)) must(await confirm(ben, id, 'freeze'));
    expect(statesOf(must(await thawOrganization(platform(ada), { organization_id: organization, reason: 'x' })))).toEqual(['thawing', 'thawing']);
  });

  test('goes on when who asked takes it back, and nobody else does', async () => {
    const [id = ''] = freezesOf(must(await ask()));
    expect(codeOf(await withdraw(ben, id))).toBe('forbidden');
    expect(statesOf(must(await withdraw(ada, id)))).toEqual(['open', 'open']);
  });

  test('goes on only where the freeze was that is taken back: one that was asked for apart stays', async () => {
    const [live = ''] = workspaces;
    const own = must(await freezeTenant(world.as(ada.actor, { tenantId: live, mode: 'live' }), { reason: 'Something else' }));
    const asked = must(await ask());
    const id = asked.workspaces.find(({ mode }) => mode === 'test')?.freeze?.id ?? '';
    const state = must(await withdraw(ada, id));
    expect(state.workspaces.map(({ mode, state, freeze }) => [mode, state, freeze?.id]).sort()).toEqual([
      ['live', 'stopped', own.freeze?.id],
      ['test', 'open', undefined],
    ]);
    expect(codeOf(await withdraw(ada, id))).toBe('freeze_state');
    expect((await logged(live)).slice(-2)).toEqual(['workspace.withdraw_freeze freeze_state', 'workspace.withdraw_freeze freeze_state']);
  });

  test('that is not there is not found', async () => {
    expect(codeOf(await freezeOrganization(platform(ada), { organization_id: world.services.entropy.newId(), reason: 'x' }))).toBe('not_found');
  });
});
