import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { listFactors } from '../../operations/factor/list.js';
import { renewRecoveryCodes } from '../../operations/factor/renew-recovery-codes.js';
import { askFactorReset, confirmFactorReset, proposeFactorReset } from '../../operations/factor/reset.js';
import { createSession } from '../../operations/session/create.js';
import { lettersTo } from '../world/letters.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { codeOf, must } from '../world/wire.js';
import type { Workspace } from '../world/workspaces.js';

jest.setTimeout(120_000);

let world: World;
let elsewhere: Workspace;
beforeAll(async () => {
  world = await openWorld();
  elsewhere = await world.workspace();
});
afterAll(() => world?.close());

const propose = async (by: Person, about: Person, code?: string) =>
  proposeFactorReset(world.as(by), { person_id: about.id, code: code ?? (await world.code(by)) });
const confirm = async (by: Person, about: Person, code?: string) =>
  confirmFactorReset(world.as(by), { person_id: about.id, code: code ?? (await world.code(by)) });
const admin = () => world.person('admin');
const signIn = (who: Person, code?: string) => createSession(world.publicContext(), { email: who.email, password: who.password, code });
const countOf = async (who: Person): Promise<number> => must(await listFactors(world.as(who))).data.length;

describe('a reset of somebody’s factors', () => {
  test('takes two people, each with a code: factors, recovery codes and sessions everywhere are gone, and the person is told', async () => {
    const member = await world.person('approver');
    const [first, second] = [await admin(), await admin()];
    must(await renewRecoveryCodes(world.as(member), { code: await world.code(member) }));
    const { token = '' } = must(await signIn(member, await world.code(member, 1)));
    const asked = must(await propose(first, member));
    expect(asked).toMatchObject({ object: 'factor_reset', state: 'proposed', confirmed_by: null });
    expect(await countOf(member)).toBe(1);
    const done = must(await confirm(second, member));
    expect(done).toMatchObject({ id: asked.id, state: 'done', ended_sessions: 1 });
    expect(must(await listFactors(world.as(member)))).toMatchObject({ data: [], recovery_codes_left: 0 });
    const session = await world.publicContext().directory.session(world.hashOfToken(token));
    expect(session?.ended).toBe(true);
    const told = (await lettersTo(world, member.email)).map(({ template }) => template);
    expect(told).toEqual(['recovery_codes_made', 'factor_reset_asked', 'factors_reset']);
    expect(must(await signIn(member)).sleeping_permissions).toContain('gates.approve');
    const events = (await world.audited('factor.reset')).filter(({ subject_id }) => subject_id === member.id);
    expect(events.map(({ result, actor }) => [result, 'personId' in actor && actor.personId])).toEqual([['ok', second.id]]);
  });

  test('is confirmed neither by who asked nor by whom it is about', async () => {
    const [member, first] = [await admin(), await admin()];
    must(await propose(first, member));
    expect(codeOf(await confirm(first, member, await world.code(first, 1)))).toBe('reset_same_person');
    expect(codeOf(await confirm(member, member))).toBe('reset_same_person');
    expect(await countOf(member)).toBe(1);
  });

  test('of one’s own takes a code, and one other person', async () => {
    const [member, second] = [await world.person('approver'), await admin()];
    expect(codeOf(await askFactorReset(world.as(member), { code: await world.wrongCode(member) }))).toBe('code_wrong');
    must(await askFactorReset(world.as(member), { code: await world.code(member) }));
    expect(codeOf(await confirm(second, member))).toBe('ok');
    expect(await countOf(member)).toBe(0);
  });

  test('is beyond whoever does not hold all that the person holds, here or in another workspace', async () => {
    const [owner, first, second] = [await world.person('owner'), await admin(), await admin()];
    expect(codeOf(await propose(first, owner))).toBe('beyond_own_permissions');
    const shared = await world.person('viewer', [world.home.tenantId, elsewhere.tenantId]);
    expect(codeOf(await propose(first, shared))).toBe('beyond_own_permissions');
    must(await askFactorReset(world.as(shared), { code: await world.code(shared) }));
    expect(codeOf(await confirm(second, shared))).toBe('beyond_own_permissions');
    expect([await countOf(owner), await countOf(shared)]).toEqual([1, 1]);
  });

  test('takes right codes, of factors that have rested', async () => {
    const [member, first, second] = [await world.person('approver'), await admin(), await admin()];
    expect(codeOf(await propose(first, member, await world.wrongCode(first)))).toBe('code_wrong');
    const fresh = await world.secondFactor(first, { rested: false });
    expect(codeOf(await propose(first, member, await world.code(fresh)))).toBe('factor_resting');
    must(await propose(first, member));
    expect(codeOf(await confirm(second, member, await world.wrongCode(second)))).toBe('code_wrong');
    expect(await countOf(member)).toBe(1);
    expect(codeOf(await confirm(second, member))).toBe('ok');
  });

  test('waits for a day, happens once, and is not there for other workspaces', async () => {
    const [member, first, second] = [await world.person('approver'), await admin(), await admin()];
    expect(codeOf(await confirm(second, member))).toBe('not_found');
    must(await propose(first, member));
    await world.sql('UPDATE factor_reset SET expires_at = now() WHERE person_id = $1', [member.id]);
    expect(codeOf(await confirm(second, member))).toBe('not_found');
    must(await propose(first, member, await world.code(first, 1)));
    const code = await world.code(second);
    const answers = await Promise.all(Array.from({ length: 8 }, () => confirm(second, member, code)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    const stranger = await world.person('admin', [elsewhere.tenantId]);
    const there = world.as(stranger, { tenantId: elsewhere.tenantId });
    expect(codeOf(await proposeFactorReset(there, { person_id: member.id, code: await world.code(stranger) }))).toBe('not_found');
  });
});
