import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { permissionsOf } from '../../domain/actors.js';
import {
  awakeIn,
  KEY_SCOPES,
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
});

test('every role and every permission says what it is for, and every role may end its own session', () => {
  for (const role of ROLE_NAMES) {
    expect(ROLE_MEANINGS[role]).not.toBe('');
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
