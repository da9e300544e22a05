import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { permissionsOf } from '../../domain/actors.js';
import {
  awakeIn,
  holdersOf,
  isOperatorPermission,
  KEY_SCOPES,
  OPERATOR_PERMISSION_MEANINGS,
  OPERATOR_PERMISSIONS,
  PERMISSION_MEANINGS,
  PERMISSIONS,
  type Permission,
  permissionsOfRoles,
  ROLE_MEANINGS,
  ROLE_NAMES,
  ROLES,
  SLEEPS_WITHOUT_FACTOR,
} from '../../domain/permissions.js';
import { allowedByRole, movedRoles, refusalBeyondOwn, refusalOfLastOwner, unknownRoles } from '../../domain/role-changes.js';

const roles = fc.subarray([...ROLE_NAMES, 'reviewer', 'nobody']);
const permissions = fc.subarray([...PERMISSIONS]);

test('several roles allow what any of them allows, in the order of the table, and an unknown one nothing', () => {
  fc.assert(
    fc.property(roles, permissions, (held, reviewer) => {
      const allowed = permissionsOfRoles(held, new Map([['reviewer', reviewer]]));
      const expected = PERMISSIONS.filter((one) =>
        held.some((role) => (role === 'reviewer' ? reviewer : ((ROLES as Record<string, readonly Permission[]>)[role] ?? [])).includes(one)),
      );
      expect(allowed).toEqual(expected);
    }),
  );
});

test('a role of the workspace does not stand in for one that every workspace has', () => {
  expect(permissionsOfRoles(['viewer'], new Map([['viewer', [...PERMISSIONS]]]))).toEqual(permissionsOfRoles(['viewer']));
});

test('nobody gives or takes beyond what they hold: allowed exactly when all of it is held', () => {
  fc.assert(
    fc.property(permissions, permissions, (held, touched) => {
      const refusal = refusalBeyondOwn(held, touched, 'give or take these roles');
      expect(refusal === null).toBe(touched.every((one) => held.includes(one)));
      if (refusal) for (const one of touched) expect(String(refusal.extra?.['permissions']).split(' ').includes(one)).toBe(!held.includes(one));
    }),
  );
});

test('roles that move are those of one side alone', () => {
  fc.assert(
    fc.property(roles, roles, (before, after) => {
      const moved = movedRoles(before, after);
      for (const role of [...ROLE_NAMES, 'reviewer']) expect(moved.includes(role)).toBe(before.includes(role) !== after.includes(role));
    }),
  );
});

test('an admin may do everything but own, and only an owner owns', () => {
  expect(PERMISSIONS.filter((one) => !(ROLES.admin as readonly Permission[]).includes(one))).toEqual(['workspace.own']);
  expect(ROLE_NAMES.filter((role) => (ROLES[role] as readonly Permission[]).includes('workspace.own'))).toEqual(['owner']);
});

test('the only owner stays, and one of two may go', () => {
  expect(refusalOfLastOwner('ann', ['ann'])?.code).toBe('last_owner');
  expect(refusalOfLastOwner('ann', ['ann', 'bob'])).toBeNull();
  expect(refusalOfLastOwner('cy', ['ann'])).toBeNull();
  expect(refusalOfLastOwner('ann', [])).toBeNull();
  expect(refusalOfLastOwner('ann', ['ann'])?.detail).toMatch(/only owner.* Make somebody else an owner first\.$/);
});

test('a refusal names the deed and all that is missing, in words and for programs', () => {
  const refusal = refusalBeyondOwn(['batches.read', 'audit.read'], ['roles.manage', 'batches.read', 'people.manage'], 'invite Bob');
  expect(refusal).toEqual({
    code: 'beyond_own_permissions',
    detail: 'You cannot invite Bob, because you do not hold roles.manage, people.manage yourself. Somebody who does can.',
    extra: { permissions: 'roles.manage people.manage' },
  });
});

test('every role and every permission says what it is for, and every role may end its own session', () => {
  const SAYS = /^[a-z]+,? .*[^.]$/;
  for (const meaning of [...Object.values(PERMISSION_MEANINGS), ...Object.values(OPERATOR_PERMISSION_MEANINGS)]) expect(meaning).toMatch(SAYS);
  for (const role of ROLE_NAMES) {
    expect(ROLE_MEANINGS[role]).toMatch(SAYS);
    expect(ROLES[role]).toContain('sessions.own');
  }
  expect(allowedByRole(['batches.read'])).toEqual(['batches.read', 'sessions.own']);
});

test('no key or agent holds what is for people, whatever its scopes say', () => {
  const scopes = [...PERMISSIONS];
  for (const actor of [
    { type: 'api_key', keyId: 'k', ownerPersonId: 'ann', scopes },
    { type: 'agent', agentId: 'a', ownerPersonId: 'ann', scopes },
  ] as const)
    expect(permissionsOf(actor)).toEqual(KEY_SCOPES);
  for (const one of ['roles.manage', 'people.manage', 'workspace.own', 'keys.manage', 'gates.approve', 'payees.reveal', 'workspace.stop'] as const)
    expect(KEY_SCOPES).not.toContain(one);
});

test('a role that nobody defines is found', () => {
  expect(unknownRoles(['approver', 'reviewer', 'nobody'], new Map([['reviewer', []]]))).toEqual(['nobody']);
});

test('without a second factor sleeps what needs a code, shows account numbers, or changes people, roles or keys; nothing else', () => {
  const asleep = PERMISSIONS.filter((one) => SLEEPS_WITHOUT_FACTOR[one]);
  const expected = PERMISSIONS.filter((one) => /^gates\./.test(one) || /^(people|roles|keys)\.manage$/.test(one));
  expect(asleep.sort()).toEqual([...expected, 'exceptions.confirm', 'payees.reveal', 'workspace.own', 'workspace.stop'].sort());
  expect(Object.keys(SLEEPS_WITHOUT_FACTOR).sort()).toEqual([...PERMISSIONS].sort());
});

test('what is held is awake or asleep, never both, and with a factor nothing sleeps', () => {
  fc.assert(
    fc.property(permissions, (held) => {
      expect(awakeIn({ withFactor: true }, held)).toEqual({ permissions: held, sleeping: [] });
      const { permissions: awake, sleeping } = awakeIn({ withFactor: false }, held);
      expect([...awake, ...sleeping].sort()).toEqual([...held].sort());
      expect(awake.filter((one) => sleeping.includes(one))).toEqual([]);
      for (const one of sleeping) expect(SLEEPS_WITHOUT_FACTOR[one]).toBe(true);
    }),
  );
});

/** Roles that may do it beside owner and admin, who may do whatever anybody may. */
const holding = (permission: Permission): string[] =>
  ROLE_NAMES.filter((role) => role !== 'owner' && role !== 'admin' && (ROLES[role] as readonly Permission[]).includes(permission));

describe('each duty lies with those whom it is for, so that a payment takes several people', () => {
  const GATES = ['approver', 'authorizer', 'executor'];
  const READERS = ['preparer', ...GATES, 'auditor'];
  const prepared: Permission[] = ['batches.create', 'batches.edit', 'payees.write', 'ledger.top_up', 'ledger.accounts', 'keys.manage'];

  test.each<[string, Permission[], string[]]>([
    ['who prepares opens no gate, and nobody else prepares', prepared, ['preparer']],
    ['who approves', ['gates.approve'], ['approver']],
    ['who authorizes', ['gates.authorize'], ['authorizer']],
    ['who executes', ['gates.execute'], ['executor']],
    ['before money is set aside a batch is rejected by those who open the gates up to there', ['batches.reject'], ['approver', 'authorizer']],
    ['a batch is cancelled by who made it and by who lets it go', ['batches.cancel'], ['preparer', 'executor']],
    ['whoever opens a gate can stop what is paid', ['batches.pause', 'payees.hold'], GATES],
    ['whoever opens a gate can say how doubt ends', ['exceptions.propose', 'evidence.handle'], GATES],
    ['the executor does not confirm it, who has let the money go', ['exceptions.confirm'], ['approver', 'authorizer']],
    ['exceptions are looked after by all who work on batches', ['exceptions.handle'], ['preparer', ...GATES, 'member']],
    ['account numbers are for the auditor', ['payees.reveal'], ['auditor']],
    ['people, roles and the workspace are for nobody else', ['people.manage', 'roles.manage', 'workspace.own'], []],
    ['the log is for who answers for what is in it', ['audit.read'], READERS],
    ['colleagues and exceptions are seen by who works with them', ['exceptions.read', 'people.read'], [...READERS, 'member']],
    ['batches and payees are seen by all but billing', ['batches.read', 'payees.read'], [...READERS, 'member', 'viewer']],
    ['the ledger is seen by all', ['ledger.read'], [...READERS, 'billing', 'member', 'viewer']],
  ])('%s', (_duty, permissions, roles) => {
    for (const permission of permissions) expect([permission, holding(permission)]).toEqual([permission, roles]);
  });

  test('owner, admin, member, viewer and billing are there, and the last three change nothing that is paid [S5-15]', () => {
    expect(ROLE_NAMES).toEqual(expect.arrayContaining(['owner', 'admin', 'member', 'viewer', 'billing']));
    for (const role of ['member', 'viewer', 'billing'] as const)
      expect(ROLES[role].filter((one) => !/\.(read|own)$/.test(one))).toEqual(role === 'member' ? ['exceptions.handle'] : []);
    expect(ROLES.auditor.filter((one) => !/\.(read|own|reveal)$/.test(one))).toEqual([]);
  });
});

test('keys hold all that programs need, and nothing of what opens, decides, shows accounts or rules over people', () => {
  const forPeople = (one: Permission) => /^gates\.|\.(manage|own|reveal|propose|confirm|stop)$/.test(one);
  expect(KEY_SCOPES).toEqual(PERMISSIONS.filter((one) => !forPeople(one)));
});

test('a permission of operators is known by its name, and nothing else is one', () => {
  expect(OPERATOR_PERMISSIONS).toEqual(['tenants.read', 'tenants.create', 'tenants.set_plan', 'tenants.freeze']);
  expect(OPERATOR_PERMISSIONS.filter(isOperatorPermission)).toEqual(OPERATOR_PERMISSIONS);
  for (const other of ['', 'tenants', 'toString', '__proto__', ...PERMISSIONS]) expect([other, isOperatorPermission(other)]).toEqual([other, false]);
});

test.each<[Permission, string]>([
  ['workspace.own', 'an owner'],
  ['roles.manage', 'an admin'],
  ['batches.create', 'a preparer or an admin'],
  ['gates.approve', 'an approver or an admin'],
  ['batches.cancel', 'a preparer, an executor or an admin'],
])('who may do %s is told as %s', (permission, words) => expect(holdersOf(permission)).toBe(words));
