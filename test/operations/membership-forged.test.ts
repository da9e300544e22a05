import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { permissionsOfMembership } from '../../domain/membership.js';
import type { Permission } from '../../domain/permissions.js';
import { createApiKey } from '../../operations/api-key/create.js';
import { acceptInvitation } from '../../operations/invitation/accept.js';
import { createInvitation } from '../../operations/invitation/create.js';
import { disablePerson, enablePerson, setPersonRoles } from '../../operations/person/change.js';
import { defineRole } from '../../operations/role/define.js';
import { editRole } from '../../operations/role/edit.js';
import { createSession } from '../../operations/session/create.js';
import { invitationTo } from '../world/letters.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { codeOf, must, refusalOf, uuidOf } from '../world/wire.js';

jest.setTimeout(120_000);

/** Memberships and roles that SQL wrote let nobody in, and those that operations write do. */

let world: World;
let owner: Person;
beforeAll(async () => {
  world = await openWorld();
  owner = await world.person('owner');
  await world.person('owner');
});
afterAll(() => world?.close());

/** What the membership of somebody allows; null when it is not authentic. */
const allowed = async (personId: string, tenantId = world.home.tenantId) => {
  const membership = await world.api(tenantId).inTenant((stores) => stores.memberships.sealed(personId));
  if (!membership) throw new Error('no member');
  return permissionsOfMembership(world.services.membershipKey.isAuthentic, membership);
};
/** A session that they opened, as the API resolves it. */
const signedIn = async (who: Person): Promise<() => Promise<{ authentic: boolean; permissions: Permission[] } | null>> => {
  const { token = '' } = must(await createSession(world.publicContext(), { email: who.email, password: who.password, code: await world.code(who) }));
  return () => world.publicContext().directory.session(world.hashOfToken(token));
};
const NOTHING = { authentic: false, permissions: [], sleeping: [] };
const signInCode = async (who: Person) =>
  codeOf(await createSession(world.publicContext(), { email: who.email, password: who.password, code: await world.freshCode(who) }));

test('what operations write is authentic: roles given and taken, a member shut out and let in, roles of the workspace defined and changed', async () => {
  const member = await world.person('auditor');
  const as = world.as(owner);
  const person_id = member.id;
  must(await defineRole(as, { name: 'payer', permissions: ['gates.execute'] }));
  must(await setPersonRoles(as, { person_id, roles: ['payer', 'auditor'] }));
  expect(await allowed(member.id)).toEqual(expect.arrayContaining(['gates.execute', 'audit.read']));
  must(await disablePerson(as, { person_id }));
  expect(await allowed(member.id)).toEqual([]);
  must(await enablePerson(as, { person_id }));
  must(await editRole(as, { role: 'payer', permissions: ['gates.approve'] }));
  expect(await allowed(member.id)).toEqual(expect.arrayContaining(['gates.approve', 'audit.read']));
  expect(await allowed(member.id)).not.toContain('gates.execute');
});

describe('what SQL writes', () => {
  const raised = `UPDATE membership SET roles = '{owner}' WHERE person_id = $1`;
  const cases: { name: string; sql: string; before?: 'disabled' }[] = [
    { name: 'other roles', sql: raised },
    { name: 'one role more', sql: `UPDATE membership SET roles = roles || '{executor}' WHERE person_id = $1` },
    {
      name: 'the authenticator of somebody else',
      sql: `UPDATE membership m SET roles = o.roles, event_id = o.event_id, authenticator = o.authenticator FROM membership o
        WHERE m.person_id = $1 AND o.person_id = $2`,
    },
    { name: 'no authenticator', sql: 'UPDATE membership SET event_id = NULL, authenticator = NULL WHERE person_id = $1' },
    { name: 'the end of a disabling', sql: 'UPDATE membership SET disabled_at = NULL WHERE person_id = $1', before: 'disabled' },
  ];

  test.each(cases)('$name: of a session nothing is left, and nobody signs in', async ({ sql, before }) => {
    const member = await world.person('auditor');
    const session = await signedIn(member);
    expect(await session()).toMatchObject({ authentic: true });
    if (before) must(await disablePerson(world.as(owner), { person_id: member.id }));
    await world.sql(sql, sql.includes('$2') ? [member.id, owner.id] : [member.id]);
    expect(await session()).toMatchObject(NOTHING);
    expect(await signInCode(member)).toBe('membership_not_authentic');
    const [workspace] = await world.publicContext().directory.workspacesOf(member.id);
    expect(workspace).toMatchObject({ authentic: false, permissions: [] });
  });

  test('a membership that was moved from another workspace, with its authenticator, lets nobody in there', async () => {
    const elsewhere = await world.workspace();
    const stranger = await world.person('owner', [elsewhere.tenantId]);
    const [row] = await world.sql<{ event_id: string; authenticator: Buffer }>(
      'SELECT event_id, authenticator FROM membership WHERE person_id = $1',
      [stranger.id],
      elsewhere.tenantId,
    );
    await world.sql(`INSERT INTO membership (tenant_id, person_id, roles, event_id, authenticator) VALUES ($1, $2, '{owner}', $3, $4)`, [
      ...[world.home.tenantId, stranger.id, row?.event_id, row?.authenticator],
    ]);
    expect(await allowed(stranger.id)).toBeNull();
    expect(await allowed(stranger.id, elsewhere.tenantId)).toContain('workspace.own');
    // They go on working where they are a member.
    expect(await signInCode(stranger)).toBe('ok');
  });

  test('a role of the workspace that allows more: whoever has it holds nothing, and nobody gives it', async () => {
    must(await defineRole(world.as(owner), { name: 'clerk', permissions: ['batches.read'] }));
    const member = await world.person('auditor');
    must(await setPersonRoles(world.as(owner), { person_id: member.id, roles: ['clerk'] }));
    const session = await signedIn(member);
    await world.sql(`UPDATE workspace_role SET permissions = '{gates.execute,sessions.own}', row_version = row_version + 1 WHERE name = 'clerk'`);
    expect(await session()).toMatchObject(NOTHING);
    const answer = await setPersonRoles(world.as(owner), { person_id: (await world.person('viewer')).id, roles: ['clerk'] });
    expect(refusalOf(answer)).toEqual({ code: 'invalid_request', errors: ['roles.0 no_such_role'] });
    must(await editRole(world.as(owner), { role: 'clerk', permissions: ['batches.read'] }));
    expect((await session())?.permissions).toEqual(['batches.read', 'sessions.own']);
  });

  test('an API key goes with the membership of its owner', async () => {
    const member = await world.person('preparer');
    const made = must(await createApiKey(world.as(member), { name: 'A key', scopes: ['batches.read'], code: await world.code(member) }));
    const resolve = () => world.publicContext().directory.apiKey(world.hashOfToken(made.secret ?? ''));
    expect(await resolve()).toMatchObject({ authentic: true, scopes: ['batches.read'] });
    await world.sql(raised, [member.id]);
    expect(await resolve()).toMatchObject({ authentic: false, scopes: [] });
  });

  test('an inviter whose roles SQL raised invites nobody any more', async () => {
    const inviter = await world.person('admin');
    const email = `${world.services.entropy.newId()}@people.example`;
    must(await createInvitation(world.as(inviter), { email, name: 'Nina', roles: ['auditor'] }));
    const token = await invitationTo(world, email);
    const accept = () => acceptInvitation(world.publicContext(), { token, password: world.services.entropy.newId() });
    await world.sql(raised, [inviter.id]);
    expect(codeOf(await accept())).toBe('inviter_not_permitted');
    await world.join(world.home.tenantId, inviter.id, ['admin']);
    const accepted = must(await accept());
    expect(await allowed(uuidOf(accepted.person.id))).toContain('audit.read');
  });
});

describe('a member whose roles SQL wrote', () => {
  test('is neither shut out nor let in, which would seal those roles, before somebody says which they have', async () => {
    const member = await world.person('auditor');
    const person_id = member.id;
    await world.sql(`UPDATE membership SET roles = '{admin}' WHERE person_id = $1`, [member.id]);
    expect(codeOf(await disablePerson(world.as(owner), { person_id }))).toBe('membership_not_authentic');
    expect(codeOf(await enablePerson(world.as(owner), { person_id }))).toBe('membership_not_authentic');
    expect(await allowed(member.id)).toBeNull();
    must(await setPersonRoles(world.as(owner), { person_id, roles: ['auditor'] }));
    expect(await allowed(member.id)).toContain('audit.read');
    expect(await allowed(member.id)).not.toContain('gates.execute');
    must(await disablePerson(world.as(owner), { person_id }));
  });

  test('gets them by the same roles again only from who holds all that they allow', async () => {
    const admin = await world.person('admin');
    const member = await world.person('auditor');
    await world.sql(`UPDATE membership SET roles = '{owner}' WHERE person_id = $1`, [member.id]);
    const give = (by: Person) => setPersonRoles(world.as(by), { person_id: member.id, roles: ['owner'] });
    expect(codeOf(await give(admin))).toBe('beyond_own_permissions');
    expect(await allowed(member.id)).toBeNull();
    must(await give(owner));
    expect(await allowed(member.id)).toContain('workspace.own');
  });

  test('is no owner by whom a workspace may lose its last one', async () => {
    const { tenantId } = await world.workspace();
    const last = await world.person('owner', [tenantId]);
    const forged = await world.person('viewer', [tenantId]);
    await world.sql(`UPDATE membership SET roles = '{owner}' WHERE person_id = $1`, [forged.id], tenantId);
    expect(codeOf(await setPersonRoles(world.as(last, { tenantId }), { person_id: last.id, roles: ['viewer'] }))).toBe('last_owner');
  });
});

describe('with the SQL of the API, as an owner', () => {
  /** Runs statements with the login of the API, as it may set who acts, and keeps what they did. */
  const asApi = async (statements: [sql: string, values?: unknown[]][]): Promise<void> => {
    const api = new pg.Client({ connectionString: world.database.urls.api });
    await api.connect();
    try {
      await api.query('BEGIN');
      await api.query(`SELECT set_config('app.tenant_id', $1, true), set_config('app.person_id', $2, true)`, [world.home.tenantId, owner.id]);
      for (const [sql, values] of statements) await api.query(sql, values);
      await api.query('COMMIT');
    } finally {
      await api.end();
    }
  };
  const eventOf = (id: string, about: string): [string, unknown[]] => [
    `INSERT INTO audit_event (tenant_id, id, at, actor, request_id, subject_type, subject_id, subject_seq, previous, action, result, detail, leaf)
     VALUES ($1, $2, now(), $3, 'req', 'person', $4, 1000000, $5, 'person.set_roles', 'ok', '{}', $5)`,
    [world.home.tenantId, id, JSON.stringify({ type: 'user', personId: owner.id, sessionId: id, roles: ['owner'] }), about, Buffer.alloc(32, 1)],
  ];

  test('a member is made, with event and some authenticator, and holds nothing', async () => {
    const stranger = await world.person('viewer', [(await world.workspace()).tenantId]);
    const eventId = world.services.entropy.newId();
    await asApi([
      [
        `INSERT INTO membership (tenant_id, person_id, roles, event_id, authenticator) VALUES ($1, $2, '{executor}', $3, $4)`,
        [world.home.tenantId, stranger.id, eventId, Buffer.alloc(32, 7)],
      ],
      eventOf(eventId, stranger.id),
    ]);
    expect(await allowed(stranger.id)).toBeNull();
  });

  test('no session, reset of a password or invitation is made for a token that its maker knows', async () => {
    const { token } = world.credentials.newToken('session', 'test');
    const plain = world.services.sha256(Buffer.from(token));
    const link = world.credentials.newToken('link', 'live').token;
    const hashes = { session: Buffer.from(plain), link: Buffer.from(world.services.sha256(Buffer.from(link))) };
    const id = world.services.entropy.newId();
    await asApi([
      [
        `INSERT INTO session (id, token_hash, person_id, tenant_id, expires_at, with_factor) VALUES ($1, $2, $3, $4, now() + interval '1 hour', true)`,
        [id, hashes.session, owner.id, world.home.tenantId],
      ],
      [`SELECT sluice_ask_email_link($1, $2, 'password_reset', 'req')`, [id, owner.id]],
      ['SELECT sluice_issue_email_link($1, $2)', [id, hashes.link]],
      [
        `INSERT INTO invitation (tenant_id, id, email, name, roles, token_hash, invited_by, expires_at)
         VALUES ($1, $2, $3, 'Nina', '{owner}', $4, $5, now() + interval '1 hour')`,
        [world.home.tenantId, id, `${id}@people.example`, hashes.link, owner.id],
      ],
    ]);
    const context = world.publicContext();
    expect(await context.directory.session(world.hashOfToken(token))).toBeNull();
    expect(await context.emailLinks.find(world.hashOfToken(link), 'password_reset')).toBeNull();
    expect(await context.invitations.find(world.hashOfToken(link))).toBeNull();
    // What they are stored under is there, and nobody has a token of it.
    expect(await context.emailLinks.find(hashes.link, 'password_reset')).not.toBeNull();
  });

  test('the password of somebody is set to the hash of one’s own, and signs nobody in', async () => {
    const [victim, thief] = [await world.person('owner'), await world.person('viewer')];
    await asApi([
      [`SELECT set_config('app.person_id', $1, true)`, [victim.id]],
      ['SELECT sluice_change_password($1, 1, (SELECT password_hash FROM sluice_person_of($2)))', [victim.id, thief.email]],
    ]);
    const answer = await createSession(world.publicContext(), { email: victim.email, password: thief.password, code: await world.code(victim) });
    expect(codeOf(answer)).toBe('invalid_credentials');
    expect(await signInCode(thief)).toBe('ok');
  });
});
