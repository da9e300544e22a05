import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { PERMISSIONS, ROLE_NAMES, ROLES } from '../../domain/permissions.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { type Attempts, acting, openAttempts, type Statement } from './attempts.js';

jest.setTimeout(60_000);

/** What the database asks of a change of memberships and roles by itself, and whom it shows people, factors and sessions, in the API's role. */

const { newId } = systemEntropy;

let world: World;
let attempts: Attempts;
let attempt: Attempts['attempt'];
let owner: Person;
let admin: Person;
let member: Person;

beforeAll(async () => {
  world = await openWorld();
  attempts = await openAttempts(world);
  ({ attempt } = attempts);
  owner = await world.person('owner');
  // Another one, so that an owner may leave.
  await world.person('owner');
  admin = await world.person('admin');
  member = await world.person('auditor');
});
afterAll(async () => {
  await attempts?.close();
  await world?.close();
});

/** The event that a change names; `event` writes it. */
let eventId = newId();
const SEAL = randomBytes(32);
const roles = (whom: Person, ...names: string[]): Statement => [
  'UPDATE membership SET roles = $2, event_id = $3, authenticator = $4 WHERE person_id = $1',
  [whom.id, names, eventId, SEAL],
];
const disabled = (whom: Person): Statement => [
  'UPDATE membership SET disabled_at = now(), event_id = $2, authenticator = $3 WHERE person_id = $1',
  [whom.id, eventId, SEAL],
];
/** The event that a change commits with. */
const event = (by: Person, about: Pick<Person, 'id'>, over: { action?: string; result?: string; type?: string; id?: string } = {}): Statement => [
  `INSERT INTO audit_event (tenant_id, id, at, actor, request_id, subject_type, subject_id, subject_seq, previous, action, result, detail, leaf)
   VALUES ($1, $2, now(), $3, '', $9, $4, $5, $6, $7, $8, '{}', $6)`,
  [
    ...[world.home.tenantId, over.id ?? eventId, JSON.stringify({ type: 'user', personId: by.id, sessionId: newId(), roles: [] }), about.id],
    ...[
      1_000_000 + Math.floor(Math.random() * 1_000_000),
      randomBytes(32),
      over.action ?? 'person.set_roles',
      over.result ?? 'ok',
      over.type ?? 'person',
    ],
  ],
];

test('the table of the database is that of the code', async () => {
  const rows = await world.sql<{ role: string; permission: string }>('SELECT role, permission FROM role_permission');
  const stored = (role: string) => rows.filter((row) => row.role === role).map(({ permission }) => permission);
  expect([...new Set(rows.map(({ role }) => role))].sort()).toEqual([...ROLE_NAMES].sort());
  for (const role of ROLE_NAMES) expect([role, stored(role).sort()]).toEqual([role, [...ROLES[role]].sort()]);
});

test('the database says who holds what as the code does, for every role and permission', async () => {
  for (const role of ROLE_NAMES) {
    const { id } = await world.person(role);
    const held = await world.sql<{ permission: string }>('SELECT p AS permission FROM unnest($2::text[]) p WHERE sluice_holds($1, p)', [
      id,
      PERMISSIONS,
    ]);
    expect([role, held.map(({ permission }) => permission).sort()]).toEqual([role, [...ROLES[role]].sort()]);
  }
});

describe('a membership', () => {
  test('changes by who holds it, with the event', async () => {
    expect(await attempt('api', acting(admin), roles(member, 'approver'), event(admin, member))).toBeNull();
    expect(await attempt('api', acting(admin), disabled(member), event(admin, member, { action: 'person.disable' }))).toBeNull();
  });

  test('does not change by nobody, by who lacks the permission, or by who lacks what moves', async () => {
    expect(await attempt('api', roles(member, 'approver'), event(admin, member))).toMatch(/holds roles.manage/);
    expect(await attempt('api', acting(member), roles(member, 'admin'), event(member, member))).toMatch(/holds roles.manage/);
    expect(await attempt('api', acting(member), disabled(admin), event(member, admin))).toMatch(/holds people.manage/);
    expect(await attempt('api', acting(admin), roles(member, 'owner'), event(admin, member))).toMatch(/nobody gives or takes workspace.own/);
    expect(await attempt('api', acting(admin), roles(owner, 'viewer'), event(admin, owner))).toMatch(/nobody gives or takes workspace.own/);
    expect(await attempt('api', acting(admin), disabled(owner), event(admin, owner))).toMatch(/nobody gives or takes workspace.own/);
  });

  test('is not made beside one’s permissions either', async () => {
    const stranger = await world.person('viewer', []);
    const join = (...names: string[]): Statement => [
      'INSERT INTO membership (tenant_id, person_id, roles, event_id, authenticator) VALUES ($1, $2, $3, $4, $5)',
      [world.home.tenantId, stranger.id, names, eventId, SEAL],
    ];
    expect(await attempt('api', acting(admin), join('owner'), event(admin, stranger))).toMatch(/nobody gives or takes/);
    expect(await attempt('api', acting(member), join('viewer'), event(member, stranger))).toMatch(/holds roles.manage/);
    expect(await attempt('api', acting(admin), join('viewer'), event(admin, stranger))).toBeNull();
  });

  test('does not change without its event: of who acts, about this member, of this transaction, and no refusal', async () => {
    const refused = /changes with its audit event/;
    const other = await world.person('viewer');
    expect(await attempt('api', acting(admin), roles(member, 'approver'))).toMatch(refused);
    expect(await attempt('api', acting(admin), roles(member, 'approver'), event(owner, member))).toMatch(refused);
    expect(await attempt('api', acting(admin), roles(member, 'approver'), event(admin, other))).toMatch(refused);
    expect(await attempt('api', acting(admin), roles(member, 'approver'), event(admin, member, { result: 'forbidden' }))).toMatch(refused);
    expect(await attempt('api', acting(admin), roles(member, 'approver'), event(admin, member, { action: 'session.create' }))).toMatch(refused);
    expect(await attempt('api', acting(admin), roles(member, 'approver'), event(admin, member, { id: newId() }))).toMatch(refused);
    await world.sql(...event(admin, other));
    expect(await attempt('api', acting(admin), roles(other, 'approver'))).toMatch(refused);
    eventId = newId();
  });

  test('never comes back as it was: an older row with its authenticator names an event of before', async () => {
    const [before] = await world.sql<{ roles: string[]; event_id: string; authenticator: Buffer }>(
      'SELECT roles, event_id, authenticator FROM membership WHERE person_id = $1',
      [member.id],
    );
    const back: Statement = [
      'UPDATE membership SET roles = $2, event_id = $3, authenticator = $4 WHERE person_id = $1',
      [member.id, before?.roles, before?.event_id, before?.authenticator],
    ];
    expect(await attempt('api', acting(admin), roles(member, 'approver'), event(admin, member), back)).toMatch(/changes with its audit event/);
    const bare: Statement = ['UPDATE membership SET event_id = NULL, authenticator = NULL WHERE person_id = $1', [member.id]];
    expect(await attempt('api', acting(admin), roles(member, 'approver'), event(admin, member), bare)).toMatch(/changes with its audit event/);
    const half: Statement = ['UPDATE membership SET authenticator = NULL WHERE person_id = $1', [member.id]];
    expect(await attempt('owner', half)).toMatch(/membership_authenticator/);
  });

  test('has roles that there are, at least one, whoever writes it', async () => {
    for (const role of ['api', 'owner'] as const) {
      expect(await attempt(role, acting(admin), roles(member, 'chief'), event(admin, member))).toMatch(/no role chief/);
      expect(await attempt(role, acting(admin), roles(member), event(admin, member))).toMatch(/membership_roles/);
    }
  });

  test('keeps an owner, whoever writes it', async () => {
    const alone: Statement = [`UPDATE membership SET roles = '{viewer}' WHERE 'owner' = ANY (roles) AND person_id <> $1`, [owner.id]];
    for (const statement of [roles(owner, 'viewer'), disabled(owner)]) {
      expect(await attempt('owner', alone, statement)).toMatch(/keeps an owner/);
      expect(await attempt('owner', statement)).toBeNull();
    }
  });
});

describe('a role of a workspace', () => {
  const define = (name: string, ...permissions: string[]): Statement => [
    'INSERT INTO workspace_role (tenant_id, name, permissions, event_id, authenticator) VALUES ($1, $2, $3, $4, $5)',
    [world.home.tenantId, name, permissions, eventId, SEAL],
  ];
  const defined = (by: Person, over: Parameters<typeof event>[2] = {}): Statement =>
    event(by, { id: world.home.tenantId }, { action: 'role.define', type: 'workspace', ...over });

  test('is defined by who holds it all', async () => {
    expect(await attempt('api', acting(admin), define('reviewer', 'batches.read'), defined(admin))).toBeNull();
    expect(await attempt('api', acting(admin), define('reviewer', 'workspace.own'))).toMatch(/beyond what they hold/);
    expect(await attempt('api', acting(member), define('reviewer', 'batches.read'))).toMatch(/beyond what they hold/);
    expect(await attempt('api', define('reviewer', 'batches.read'))).toMatch(/beyond what they hold/);
  });

  test('does not change without its event, which it names: so nothing of before comes back, deleted or not', async () => {
    const refused = /a role changes with its audit event/;
    const made = define('reviewer', 'batches.read');
    expect(await attempt('api', acting(admin), made)).toMatch(refused);
    expect(await attempt('api', acting(admin), made, defined(owner))).toMatch(refused);
    expect(await attempt('api', acting(admin), made, defined(admin, { action: 'person.set_roles' }))).toMatch(refused);
    expect(await attempt('api', acting(admin), made, defined(admin, { result: 'forbidden' }))).toMatch(refused);
    expect(await attempt('api', acting(admin), made, defined(admin, { id: newId() }))).toMatch(refused);
    const narrowed: Statement = [
      `UPDATE workspace_role SET permissions = '{ledger.read}', row_version = 2, event_id = gen_random_uuid() WHERE name = 'reviewer'`,
    ];
    expect(await attempt('api', acting(admin), made, defined(admin), narrowed)).toMatch(refused);
    await world.sql(...defined(admin));
    expect(await attempt('api', acting(admin), made)).toMatch(refused);
    eventId = newId();
  });

  test('is not widened or deleted by who does not', async () => {
    const widen: Statement = [`UPDATE workspace_role SET permissions = '{gates.approve}', row_version = 2 WHERE name = 'reviewer'`];
    const remove: Statement = [`DELETE FROM workspace_role WHERE name = 'reviewer'`];
    for (const change of [widen, remove])
      expect(await attempt('api', acting(admin), define('reviewer', 'batches.read'), acting(member), change)).toMatch(/beyond what they hold/);
    expect(await attempt('api', acting(owner), define('reviewer', 'workspace.own'), acting(admin), widen)).toMatch(/beyond what they hold/);
  });

  test('allows what there is, under a name of its own, and stays while somebody has it', async () => {
    expect(await attempt('api', acting(admin), define('reviewer', 'batches.fly'))).toMatch(/beyond what they hold|what there is to allow/);
    expect(await attempt('owner', define('reviewer', 'batches.fly'))).toMatch(/what there is to allow/);
    expect(await attempt('api', acting(admin), define('approver', 'batches.read'))).toMatch(/every workspace has/);
    const given = [define('reviewer', 'batches.read'), roles(member, 'reviewer')];
    expect(await attempt('owner', ...given, [`DELETE FROM workspace_role WHERE name = 'reviewer'`])).toMatch(/is not deleted/);
  });
});

describe('people, factors and sessions', () => {
  const seen = async (table: string, ...before: Statement[]): Promise<number | string> =>
    attempts.run('api', [...before, [`SELECT id FROM ${table} WHERE ${table === 'person' ? 'id' : 'person_id'} = ANY ($1)`, [everybody()]]]);
  let stranger: Person;
  const everybody = (): string[] => [member.id, admin.id, stranger.id];

  beforeAll(async () => {
    const there = await world.workspace();
    stranger = await world.person('auditor', [there.tenantId]);
    for (const [who, tenantId] of [
      [member, world.home.tenantId],
      [admin, world.home.tenantId],
      [stranger, there.tenantId],
    ] as const) {
      const { hash } = world.credentials.newToken('session', 'test');
      const row = { id: newId(), tokenHash: hash, personId: who.id, expiresAt: new Date(Date.now() + 3_600_000), withFactor: true };
      await world.as(who, { tenantId }).inTenant((stores) => stores.sessions.insert(row));
    }
  });

  test('a person is shown to themselves and to colleagues, a factor and a session to nobody else', async () => {
    expect([await seen('person'), await seen('factor'), await seen('session')]).toEqual([2, 0, 0]);
    expect([await seen('person', acting(member)), await seen('factor', acting(member)), await seen('session', acting(member))]).toEqual([2, 1, 1]);
    expect([await seen('person', acting(stranger)), await seen('factor', acting(stranger))]).toEqual([3, 1]);
  });

  test('no hash of a password or a token is read, and no session is made for others or in a workspace of others', async () => {
    expect(await attempt('api', acting(member), ['SELECT password_hash FROM person'])).toMatch(/permission denied/);
    expect(await attempt('api', acting(member), ['SELECT token_hash FROM session'])).toMatch(/permission denied/);
    const open = (who: Person, tenantId: string): Statement => [
      `INSERT INTO session (id, token_hash, person_id, tenant_id, expires_at, with_factor) VALUES ($1, $2, $3, $4, now() + interval '1 hour', true)`,
      [newId(), randomBytes(32), who.id, tenantId],
    ];
    expect(await attempt('api', acting(member), open(member, world.home.tenantId))).toBeNull();
    expect(await attempt('api', acting(member), open(admin, world.home.tenantId))).toMatch(/row-level security/);
    expect(await attempt('api', acting(stranger), open(stranger, world.home.tenantId))).toMatch(/row-level security/);
  });

  test('a session ends once, and those of others only when they are disabled here', async () => {
    const end: Statement = [`UPDATE session SET ended_at = now() WHERE person_id = $1`, [member.id]];
    const reopen: Statement = [`UPDATE session SET ended_at = NULL WHERE person_id = $1`, [member.id]];
    expect(await attempts.run('api', [acting(member), end])).toBe(1);
    expect(await attempts.run('api', [acting(admin), end])).toBe(0);
    expect(await attempt('api', acting(member), end, reopen)).toMatch(/ends once/);
    expect(await attempt('api', acting(member), end, end)).toMatch(/ends once/);
    const others: Statement = ['SELECT sluice_end_sessions($1) AS ended', [member.id]];
    const left: Statement = ['SELECT 1 FROM session WHERE person_id = $1 AND ended_at IS NULL', [member.id]];
    expect(await attempts.run('api', [acting(admin), others, acting(member), left])).toBe(1);
    const shut = [acting(admin), disabled(member), event(admin, member, { action: 'person.disable' })];
    expect(await attempts.run('api', [...shut, others, ['SET CONSTRAINTS ALL IMMEDIATE'], acting(member), left])).toBe(0);
  });

  test('the directory finds a person by their address alone', async () => {
    const { directory } = world.publicContext();
    expect(await directory.person(member.email)).toMatchObject({ id: member.id, disabled: false });
    expect(await directory.person(`nobody-${member.email}`)).toBeNull();
  });
});
