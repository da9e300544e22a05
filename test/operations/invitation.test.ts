import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { toWireId } from '../../domain/ids.js';
import { acceptInvitation } from '../../operations/invitation/accept.js';
import { createInvitation } from '../../operations/invitation/create.js';
import { listInvitations } from '../../operations/invitation/list.js';
import { revokeInvitation } from '../../operations/invitation/revoke.js';
import { disablePerson, setPersonRoles } from '../../operations/person/change.js';
import { defineRole } from '../../operations/role/define.js';
import { deleteRole } from '../../operations/role/edit.js';
import { invitationTo, lettersIn } from '../world/letters.js';
import { openWorld, type World } from '../world/open.js';
import { passkeyOf } from '../world/passkeys.js';
import type { Person } from '../world/people.js';
import { codeOf, must, refusalOf, uuidOf } from '../world/wire.js';

jest.setTimeout(120_000);

let world: World;
let owner: Person;
beforeAll(async () => {
  world = await openWorld();
  owner = await world.person('owner');
});
afterAll(() => world?.close());
beforeEach(() => world.sql('DELETE FROM mail_message'));

const newPassword = () => randomBytes(12).toString('base64url');
const newAddress = () => `${world.services.entropy.newId()}@people.example`;
const invite = async (email: string, roles: string[] = ['auditor'], by = world.as(owner)) =>
  must(await createInvitation(by, { email, name: 'Nina Okafor', roles }));
const tokenTo = (email: string) => invitationTo(world, email);
const accept = (token: string, more: { password?: string; name?: string; code?: string } = {}) =>
  acceptInvitation(world.publicContext(), { token, password: newPassword(), ...more });
const rolesOf = async (email: string, tenantId = world.home.tenantId) => {
  const [row] = await world.sqlIn<{ roles: string[] }>(
    tenantId,
    'SELECT m.roles FROM membership m JOIN person p ON p.id = m.person_id WHERE p.email = $1 AND m.tenant_id = $2',
    [email, tenantId],
  );
  return row?.roles ?? null;
};

describe('an invitation', () => {
  test('reaches who is invited by a letter, which has the only token, and stands in the log and the list without it', async () => {
    const email = newAddress();
    const invited = await invite(email.toUpperCase(), ['approver', 'auditor', 'auditor']);
    expect(invited).toMatchObject({ object: 'invitation', email, roles: ['approver', 'auditor'], invited_by: { name: 'The owner' } });
    const token = await tokenTo(email);
    const rows = await world.everyRow(world.home.tenantId);
    expect([rows.includes(token), rows.includes(Buffer.from(world.hashOfToken(token)).toString('hex'))]).toEqual([false, true]);
    const { data } = must(await listInvitations(world.as(owner), { limit: 50 }));
    expect(data.find(({ id }) => id === invited.id)).toEqual(invited);
    const [event] = (await world.audited('invitation.create')).slice(-1);
    expect(event).toMatchObject({ result: 'ok', actor: { type: 'user', personId: owner.id } });
    const [{ detail } = { detail: '' }] = await world.sql<{ detail: string }>(
      `SELECT detail::text FROM audit_event WHERE action = 'invitation.create' ORDER BY id DESC LIMIT 1`,
    );
    expect(detail).not.toContain(email);
  });

  test('makes somebody new a person with its roles, whose address is proven, and signs nobody in', async () => {
    const email = newAddress();
    await invite(email, ['approver']);
    const password = newPassword();
    const accepted = must(await accept(await tokenTo(email), { password, name: 'Nina O.' }));
    expect(accepted).toMatchObject({
      object: 'accepted_invitation',
      new_account: true,
      workspace: { id: toWireId('workspace', world.home.tenantId) },
      person: { name: 'Nina O.', email, roles: ['approver'], active: true, email_verified: true },
    });
    const personId = uuidOf(accepted.person.id);
    expect(await world.sql('SELECT 1 FROM session WHERE person_id = $1', [personId])).toEqual([]);
    const known = await world.publicContext().directory.person(email);
    expect(must(await world.services.credentials.checkPassword(known?.password.hash ?? null, password, personId))).toBe(true);
    const joined = (await world.audited('person.join')).filter(({ subject_id }) => subject_id === personId);
    expect(joined).toMatchObject([{ result: 'ok', actor: { type: 'email_link', personId } }]);
  });

  test('is used once, and of 64 at once exactly one is', async () => {
    const email = newAddress();
    await invite(email);
    const token = await tokenTo(email);
    const answers = await Promise.all(Array.from({ length: 64 }, () => accept(token)));
    expect(answers.map(codeOf).sort()).toEqual([...Array(63).fill('link_not_valid'), 'ok']);
    expect(codeOf(await accept(token))).toBe('link_not_valid');
    expect(await world.sql('SELECT 1 FROM person WHERE email = $1', [email])).toHaveLength(1);
  });

  test.each(['withdrawn', 'replaced', 'expired', 'unknown', 'no token'] as const)('that is %s is one answer, and makes nobody', async (how) => {
    const email = newAddress();
    const invited = await invite(email);
    let token = await tokenTo(email);
    if (how === 'withdrawn') must(await revokeInvitation(world.as(owner), { invitation_id: uuidOf(invited.id) }));
    if (how === 'replaced') await invite(email, ['viewer']);
    if (how === 'expired') await world.sql(`UPDATE invitation SET expires_at = now() WHERE email = $1`, [email]);
    if (how === 'unknown') token = world.credentials.newToken('link', 'live').token;
    if (how === 'no token') token = 'x';
    const answer = await accept(token);
    expect(answer).toEqual(await accept(world.credentials.newToken('link', 'live').token));
    expect([codeOf(answer), await rolesOf(email)]).toEqual(['link_not_valid', null]);
  });

  test('that takes the place of another has a letter of its own, and is the only open one', async () => {
    const email = newAddress();
    await invite(email);
    const second = await invite(email, ['viewer']);
    const { data } = must(await listInvitations(world.as(owner), { limit: 200 }));
    expect(data.filter((one) => one.email === email).map(({ id }) => id)).toEqual([second.id]);
    expect(must(await accept(await tokenTo(email))).person.roles).toEqual(['viewer']);
  });

  test('that is over is not withdrawn', async () => {
    const email = newAddress();
    const { id } = await invite(email);
    must(await accept(await tokenTo(email)));
    expect(codeOf(await revokeInvitation(world.as(owner), { invitation_id: uuidOf(id) }))).toBe('not_found');
  });
});

describe('whoever invites', () => {
  test('gives no role beyond their own, and none that the workspace does not have', async () => {
    const admin = world.as(await world.person('admin'));
    const ask = (roles: string[]) => createInvitation(admin, { email: newAddress(), name: 'Nina', roles });
    expect(codeOf(await ask(['owner']))).toBe('beyond_own_permissions');
    expect(refusalOf(await ask(['auditor', 'chief']))).toEqual({ code: 'invalid_request', errors: ['roles.1 no_such_role'] });
    expect(codeOf(await ask(['approver']))).toBe('ok');
    expect(await lettersIn(world)).toHaveLength(1);
  });

  test('may give roles: letting people in alone is not enough', async () => {
    must(await defineRole(world.as(owner), { name: 'doorkeeper', permissions: ['people.manage', 'people.read'] }));
    const keeper = world.as({
      ...{ type: 'user', personId: owner.id, sessionId: world.services.entropy.newId(), roles: ['doorkeeper'] },
      permissions: ['people.manage', 'people.read', 'sessions.own'],
    });
    expect(codeOf(await createInvitation(keeper, { email: newAddress(), name: 'Nina', roles: ['doorkeeper'] }))).toBe('beyond_own_permissions');
  });

  test('does not invite who works here already, or who was disabled', async () => {
    const member = await world.person('viewer');
    const ask = () => createInvitation(world.as(owner), { email: member.email, name: 'Nina', roles: ['viewer'] });
    expect(codeOf(await ask())).toBe('already_member');
    must(await disablePerson(world.as(owner), { person_id: member.id }));
    expect(codeOf(await ask())).toBe('already_member');
  });

  test.each(['lost the right', 'was disabled', 'invited to a role that was deleted'] as const)(
    'and %s before it is accepted, lets nobody in',
    async (how) => {
      const email = newAddress();
      const admin = await world.person('admin');
      if (how.includes('deleted')) must(await defineRole(world.as(owner), { name: 'passing', permissions: ['batches.read'] }));
      await invite(email, how.includes('deleted') ? ['passing'] : ['approver'], world.as(admin));
      const token = await tokenTo(email);
      if (how === 'lost the right') must(await setPersonRoles(world.as(owner), { person_id: admin.id, roles: ['auditor'] }));
      if (how === 'was disabled') must(await disablePerson(world.as(owner), { person_id: admin.id }));
      if (how.includes('deleted')) must(await deleteRole(world.as(owner), { role: 'passing' }));
      expect(codeOf(await accept(token))).toBe('inviter_not_permitted');
      expect(await rolesOf(email)).toBeNull();
      expect((await world.audited('invitation.accept')).at(-1)).toMatchObject({ result: 'inviter_not_permitted' });
    },
  );

  test('is somebody of this workspace: what another one has is not found', async () => {
    const { id } = await invite(newAddress());
    const { tenantId } = await world.workspace();
    const stranger = world.as(await world.person('owner', [tenantId]), { tenantId });
    expect(codeOf(await revokeInvitation(stranger, { invitation_id: uuidOf(id) }))).toBe('not_found');
    expect(must(await listInvitations(stranger, { limit: 50 })).data).toEqual([]);
  });
});

test('an invitation into a workspace that is closed waits for its thaw', async () => {
  const email = newAddress();
  await invite(email);
  const token = await tokenTo(email);
  await world.sql('UPDATE workspace SET frozen_at = now(), closed_at = now() WHERE tenant_id = $1', [world.home.tenantId]);
  expect([codeOf(await accept(token)), await rolesOf(email)]).toEqual(['workspace_frozen', null]);
  await world.sql('UPDATE workspace SET frozen_at = NULL, closed_at = NULL WHERE tenant_id = $1', [world.home.tenantId]);
  expect(codeOf(await accept(token))).toBe('ok');
});

describe('an address that has an account already', () => {
  const elsewhere = async (make = world.person) => {
    const { tenantId } = await world.workspace();
    const person = await make('viewer', [tenantId]);
    await invite(person.email, ['approver']);
    return { person, tenantId, token: await tokenTo(person.email) };
  };

  test('joins by the letter, its password and a code, and stays one person', async () => {
    const { person, token } = await elsewhere();
    const accepted = must(await accept(token, { password: person.password, code: await world.code(person) }));
    expect(accepted).toMatchObject({ new_account: false, person: { id: toWireId('person', person.id), roles: ['approver'], name: 'The viewer' } });
    const [{ password_version } = { password_version: 0 }] = await world.sql<{ password_version: number }>(
      'SELECT password_version FROM person WHERE id = $1',
      [person.id],
    );
    expect(password_version).toBe(1);
  });

  test('with only passkeys joins by a recovery code, and is told no more of a code than anybody', async () => {
    const { person, token } = await elsewhere(world.withoutFactor);
    const [recoveryCode = ''] = must((await passkeyOf(world, person, { byPassword: true })).confirmed).recovery_codes ?? [];
    const refused = await accept(token, { password: person.password, code: '123456' });
    expect(refused).toMatchObject({ ok: false, refusal: { code: 'invalid_credentials', detail: expect.stringContaining('recovery code') } });
    expect(codeOf(await accept(token, { password: person.password, code: recoveryCode }))).toBe('ok');
  });

  test('joins without a code as long as it has no second factor', async () => {
    const { person, token } = await elsewhere(world.withoutFactor);
    expect(codeOf(await accept(token, { password: person.password, code: await world.code(person) }))).toBe('invalid_credentials');
    expect(codeOf(await accept(token, { password: person.password }))).toBe('ok');
  });

  test.each(['password', 'code', 'no code', 'disabled'] as const)('does not join without proof of that side: %s', async (what) => {
    const { person, tenantId, token } = await elsewhere();
    if (what === 'disabled') await world.sql('UPDATE person SET disabled_at = now() WHERE id = $1', [person.id]);
    const code = what === 'code' ? await world.wrongCode(person) : await world.code(person);
    const answer = await accept(token, {
      password: what === 'password' ? newPassword() : person.password,
      ...(what === 'no code' ? {} : { code }),
    });
    expect([codeOf(answer), await rolesOf(person.email)]).toEqual(['invalid_credentials', null]);
    await world.deliverPersonEvents();
    const tried = (await world.audited('invitation.accept', tenantId)).filter(({ subject_id }) => subject_id === person.id);
    expect(tried).toMatchObject([{ result: what === 'code' ? 'code_wrong' : 'invalid_credentials' }]);
  });

  test('that is made between the look and the acceptance is not taken over', async () => {
    const email = newAddress();
    await invite(email);
    const token = await tokenTo(email);
    const { credentials } = world.services;
    const hash = credentials.newPasswordHash;
    const hashing = jest.spyOn(credentials, 'newPasswordHash').mockImplementationOnce(async (typed, personId) => {
      const made = await hash(typed, personId);
      await world.sql('INSERT INTO person (id, email, name, password_hash) VALUES (gen_random_uuid(), $1, $1, $2)', [email, must(made)]);
      return made;
    });
    expect(codeOf(await accept(token))).toBe('account_exists');
    hashing.mockRestore();
    expect(await rolesOf(email)).toBeNull();
  });
});

test('a password that will not do is refused by its field, and leaves the link', async () => {
  const email = newAddress();
  await invite(email);
  const token = await tokenTo(email);
  expect(refusalOf(await accept(token, { password: 'short' }))).toEqual({ code: 'password_refused', errors: ['password too_short'] });
  expect(refusalOf(await accept(token, { password: `nina okafor ${email}` }))).toEqual({ code: 'password_refused', errors: ['password personal'] });
  expect(codeOf(await accept(token))).toBe('ok');
});
