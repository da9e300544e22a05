import { expect, test } from '@jest/globals';
import { type Actor, doneBy, isAwakePerson, permissionsOf, personBehind, recordedActor } from '../../domain/actors.js';
import { KEY_SCOPES, PERMISSIONS, ROLES } from '../../domain/permissions.js';

const SCOPES = [...PERMISSIONS];
const user = { type: 'user', personId: 'ann', sessionId: 's', roles: ['viewer'], permissions: ROLES.viewer } as const;
/** Every kind of actor, with what it may do, who answers for it and which key it used. */
const ACTORS: [Actor, readonly string[], string | null, string | null][] = [
  [user, ROLES.viewer, 'ann', null],
  [{ type: 'support_impersonator', operatorId: 'o', personId: 'ann', roles: ['owner'], permissions: ROLES.billing }, ROLES.billing, 'ann', null],
  [{ type: 'api_key', keyId: 'k', ownerPersonId: 'bob', scopes: SCOPES }, KEY_SCOPES, 'bob', 'k'],
  [{ type: 'agent', agentId: 'a', ownerPersonId: 'bob', scopes: SCOPES }, KEY_SCOPES, 'bob', null],
  [{ type: 'email_link', linkId: 'l', personId: 'cy' }, [], 'cy', null],
  [{ type: 'operator', operatorId: 'o', operatorKeyId: 'ok' }, [], null, null],
  [{ type: 'system', process: 'worker' }, [], null, null],
];

test.each(ACTORS.map((row) => [row[0].type, ...row] as const))('%s may do what is its own, and somebody answers for it', (_type, ...row) => {
  const [actor, permissions, person, key] = row;
  expect(permissionsOf(actor)).toEqual(permissions);
  expect(personBehind(actor)).toBe(person);
  expect(doneBy(actor)).toEqual({ personId: person, apiKeyId: key });
});

test('a person is awake whose session sleeps in nothing, and nobody else is', () => {
  const awake = ACTORS.filter(([actor]) => isAwakePerson(actor)).map(([{ type }]) => type);
  expect(awake).toEqual(['user']);
  expect(isAwakePerson({ ...user, sleeping: [] })).toBe(true);
  expect(isAwakePerson({ ...user, sleeping: ['gates.approve'] })).toBe(false);
});

test('the log keeps who acted and with which roles, and not what those allow', () => {
  for (const [actor] of ACTORS) {
    const kept = recordedActor(actor);
    expect(Object.keys(kept).sort()).toEqual(
      Object.keys(actor)
        .filter((name) => name !== 'permissions')
        .sort(),
    );
    expect(actor).toMatchObject(kept);
    expect(recordedActor(kept)).toEqual(kept);
  }
  expect(recordedActor({ ...user, sleeping: ['gates.approve'] })).toEqual({ type: 'user', personId: 'ann', sessionId: 's', roles: ['viewer'] });
});
