import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ROLE_NAMES, ROLES } from '../../domain/permissions.js';
import { WORKSPACE_ROLES_MAX } from '../../domain/role-changes.js';
import type { Context } from '../../operations/context.js';
import { disablePerson, enablePerson, setPersonRoles } from '../../operations/person/change.js';
import { defineRole } from '../../operations/role/define.js';
import { deleteRole, editRole } from '../../operations/role/edit.js';
import { listRoles } from '../../operations/role/list.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { codeOf, must, refusalOf } from '../world/wire.js';

jest.setTimeout(60_000);

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

/** A workspace of its own, so that its owners are those of the test. */
const workspace = async (...roles: readonly Person['role'][]) => {
  const { tenantId } = await world.workspace();
  const people: Person[] = [];
  for (const role of roles) people.push(await world.person(role, [tenantId]));
  const as = (who: Person | undefined): Context => world.as(who as Person, { tenantId });
  const signIn = async (who: Person | undefined): Promise<Uint8Array> => {
    const { hash } = world.credentials.newToken('session', 'test');
    const row = {
      id: systemEntropy.newId(),
      tokenHash: hash,
      personId: (who as Person).id,
      expiresAt: new Date(Date.now() + 3_600_000),
      withFactor: true,
    };
    await as(who).inTenant((stores) => stores.sessions.insert(row));
    return hash;
  };
  return { tenantId, people, as, signIn };
};

describe('the roles of a member', () => {
  test('are given and taken as a set, take hold at the next request, and are in the log with who did it [S3-21]', async () => {
    const { people, as, signIn, tenantId } = await workspace('owner', 'auditor');
    const [owner, member] = people;
    const token = await signIn(member);
    const changed = must(await setPersonRoles(as(owner), { person_id: member?.id ?? '', roles: ['preparer', 'approver', 'preparer'] }));
    expect(changed).toMatchObject({ roles: ['approver', 'preparer'], active: true });
    const session = await world.publicContext().directory.session(token);
    expect(session?.roles).toEqual(['approver', 'preparer']);
    expect(session?.permissions).toEqual(expect.arrayContaining(['gates.approve', 'batches.create']));
    expect(session?.permissions).not.toContain('gates.authorize');
    const [event] = await world.sql<{ actor: { personId: string; roles: string[] }; detail: object }>(
      `SELECT actor, detail FROM audit_event WHERE action = 'person.set_roles' AND result = 'ok'`,
      [],
      tenantId,
    );
    expect(event).toMatchObject({
      actor: { personId: owner?.id, roles: ['owner'] },
      detail: { roles_before: ['auditor'], roles: ['approver', 'preparer'], changed: true },
    });
  });

  test('are not changed by who does not hold what moves: an admin neither makes nor unmakes an owner', async () => {
    const { people, as } = await workspace('owner', 'owner', 'admin', 'auditor');
    const [, second, admin, auditor] = people;
    const give = (who: Person | undefined, whom: Person | undefined, ...roles: string[]) =>
      setPersonRoles(as(who), { person_id: whom?.id ?? '', roles });
    expect(codeOf(await give(admin, auditor, 'owner'))).toBe('beyond_own_permissions');
    expect(codeOf(await give(admin, second, 'auditor'))).toBe('beyond_own_permissions');
    expect(codeOf(await give(admin, admin, 'owner', 'admin'))).toBe('beyond_own_permissions');
    expect(codeOf(await give(admin, auditor, 'approver'))).toBe('ok');
    expect(codeOf(await give(admin, admin, 'auditor'))).toBe('ok');
  });

  test('are those of the workspace: an unknown one is named by its place, and nothing changes', async () => {
    const { people, as } = await workspace('owner', 'auditor');
    const [owner, member] = people;
    const answer = await setPersonRoles(as(owner), { person_id: member?.id ?? '', roles: ['auditor', 'chief'] });
    expect(refusalOf(answer)).toEqual({ code: 'invalid_request', errors: ['roles.1 no_such_role'] });
  });

  test('of somebody of another workspace are not found', async () => {
    const { people, as } = await workspace('owner');
    const stranger = await world.person('auditor');
    expect(codeOf(await setPersonRoles(as(people[0]), { person_id: stranger.id, roles: ['viewer'] }))).toBe('not_found');
    expect(codeOf(await disablePerson(as(people[0]), { person_id: stranger.id }))).toBe('not_found');
  });

  test('leave an owner: the last one stays, and of two who leave at once one stays', async () => {
    const { people, as, tenantId } = await workspace('owner', 'owner');
    const leave = (who: Person | undefined) => setPersonRoles(as(who), { person_id: who?.id ?? '', roles: ['viewer'] });
    const codes = await Promise.all([leave(people[0]), leave(people[1])]);
    expect(codes.map(codeOf).sort()).toEqual(['last_owner', 'ok']);
    const owners = await world.sql(`SELECT 1 FROM membership WHERE 'owner' = ANY (roles) AND tenant_id = $1`, [tenantId], tenantId);
    expect(owners).toHaveLength(1);
    const left = people[codes.findIndex((one) => !one.ok)];
    expect(codeOf(await disablePerson(as(left), { person_id: left?.id ?? '' }))).toBe('last_owner');
  });
});

describe('a member who is disabled', () => {
  test('is nobody at the next request, and their sessions stay ended when they are enabled again', async () => {
    const { people, as, signIn } = await workspace('owner', 'approver');
    const [owner, member] = people;
    const token = await signIn(member);
    expect(must(await disablePerson(as(owner), { person_id: member?.id ?? '' })).active).toBe(false);
    expect(await world.publicContext().directory.session(token)).toBeNull();
    expect(must(await enablePerson(as(owner), { person_id: member?.id ?? '' }))).toMatchObject({ active: true, roles: ['approver'] });
    expect(await world.publicContext().directory.session(token)).toMatchObject({ ended: true });
    expect(await world.publicContext().directory.session(await signIn(member))).toMatchObject({ ended: false });
  });

  test('keeps their sessions of other workspaces', async () => {
    const { people, as, tenantId } = await workspace('owner');
    const member = await world.person('approver', [tenantId, world.home.tenantId]);
    const { hash } = world.credentials.newToken('session', 'test');
    const row = { id: systemEntropy.newId(), tokenHash: hash, personId: member.id, expiresAt: new Date(Date.now() + 3_600_000), withFactor: true };
    await world.as(member).inTenant((stores) => stores.sessions.insert(row));
    must(await disablePerson(as(people[0]), { person_id: member.id }));
    expect(await world.publicContext().directory.session(hash)).toMatchObject({ ended: false });
  });

  test('is not shut out by who holds less', async () => {
    const { people, as } = await workspace('owner', 'owner', 'admin');
    expect(codeOf(await disablePerson(as(people[2]), { person_id: people[0]?.id ?? '' }))).toBe('beyond_own_permissions');
  });
});

describe('roles of a workspace', () => {
  const reviewer = { name: 'reviewer', permissions: ['batches.read', 'exceptions.read'] as ('batches.read' | 'exceptions.read')[] };

  test('are defined, given, changed for everybody who has them, and deleted when nobody has', async () => {
    const { people, as, signIn } = await workspace('owner', 'auditor');
    const [owner, member] = people;
    expect(must(await defineRole(as(owner), reviewer))).toMatchObject({ name: 'reviewer', row_version: 1, members: 0, defined_by: 'workspace' });
    must(await setPersonRoles(as(owner), { person_id: member?.id ?? '', roles: ['reviewer'] }));
    const token = await signIn(member);
    const allowed = async () => (await world.publicContext().directory.session(token))?.permissions;
    expect(await allowed()).toEqual(['batches.read', 'exceptions.read', 'sessions.own']);
    const edited = must(await editRole(as(owner), { role: 'reviewer', permissions: ['gates.approve'], row_version: 1 }));
    expect(edited).toMatchObject({ row_version: 2, members: 1 });
    expect(await allowed()).toEqual(['gates.approve', 'sessions.own']);
    expect(codeOf(await editRole(as(owner), { role: 'reviewer', permissions: ['batches.read'], row_version: 1 }))).toBe('role_changed');
    expect(codeOf(await deleteRole(as(owner), { role: 'reviewer' }))).toBe('role_in_use');
    must(await setPersonRoles(as(owner), { person_id: member?.id ?? '', roles: ['viewer'] }));
    must(await deleteRole(as(owner), { role: 'reviewer' }));
    expect(codeOf(await deleteRole(as(owner), { role: 'reviewer' }))).toBe('not_found');
  });

  test('allow nothing that who defines or changes them does not hold', async () => {
    const { people, as } = await workspace('owner', 'admin');
    const [owner, admin] = people;
    expect(codeOf(await defineRole(as(admin), { name: 'second-owner', permissions: ['workspace.own'] }))).toBe('beyond_own_permissions');
    must(await defineRole(as(owner), { name: 'co-owner', permissions: ['workspace.own'] }));
    expect(codeOf(await editRole(as(admin), { role: 'co-owner', permissions: ['batches.read'] }))).toBe('beyond_own_permissions');
    expect(codeOf(await deleteRole(as(admin), { role: 'co-owner' }))).toBe('beyond_own_permissions');
    must(await defineRole(as(admin), reviewer));
    expect(codeOf(await editRole(as(admin), { role: 'reviewer', permissions: ['workspace.own'] }))).toBe('beyond_own_permissions');
  });

  test('take no name that there is, and those of every workspace stay as they are', async () => {
    const { people, as } = await workspace('owner');
    must(await defineRole(as(people[0]), reviewer));
    for (const name of ['reviewer', 'approver']) expect(codeOf(await defineRole(as(people[0]), { ...reviewer, name }))).toBe('role_name_taken');
    expect(codeOf(await editRole(as(people[0]), { role: 'approver', permissions: ['batches.read'] }))).toBe('role_fixed');
    expect(codeOf(await deleteRole(as(people[0]), { role: 'approver' }))).toBe('role_fixed');
  });

  test('are listed after those of every workspace, each with its members', async () => {
    const { people, as } = await workspace('owner', 'approver', 'approver');
    must(await defineRole(as(people[0]), reviewer));
    const { data } = must(await listRoles(as(people[1])));
    expect(data.map(({ name }) => name)).toEqual([...ROLE_NAMES, 'reviewer']);
    expect(data.filter(({ members }) => members > 0).map(({ name, members }) => [name, members])).toEqual([
      ['owner', 1],
      ['approver', 2],
    ]);
    for (const name of ROLE_NAMES) expect(data.find((one) => one.name === name)?.permissions).toEqual(ROLES[name]);
  });

  test('are at most fifty', async () => {
    const { people, as } = await workspace('owner');
    for (let i = 0; i < WORKSPACE_ROLES_MAX; i++) must(await defineRole(as(people[0]), { name: `role-${i}`, permissions: ['batches.read'] }));
    expect(codeOf(await defineRole(as(people[0]), reviewer))).toBe('too_many_roles');
  });

  test('are of their workspace alone', async () => {
    const [here, there] = [await workspace('owner'), await workspace('owner')];
    must(await defineRole(here.as(here.people[0]), reviewer));
    expect(codeOf(await editRole(there.as(there.people[0]), { role: 'reviewer', permissions: ['batches.read'] }))).toBe('not_found');
    const answer = await setPersonRoles(there.as(there.people[0]), { person_id: there.people[0]?.id ?? '', roles: ['owner', 'reviewer'] });
    expect(refusalOf(answer).errors).toEqual(['roles.1 no_such_role']);
  });
});
