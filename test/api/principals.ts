import { toWireId } from '../../domain/ids.js';
import { KEY_SCOPES, PERMISSIONS, type Permission, permissionsOfRoles, ROLE_NAMES } from '../../domain/permissions.js';
import type { ProblemCode } from '../../domain/problems.js';
import { rotateApiKey } from '../../operations/api-key/rotate.js';
import { systemEntropy } from '../../vault/entropy.js';
import type { ApiWorld } from '../world/api.js';
import type { Person } from '../world/people.js';
import { must, uuidOf } from '../world/wire.js';
import type { Workspace } from '../world/workspaces.js';

/** Whoever sends a request. */
export interface Principal {
  name: string;
  headers: Record<string, string>;
  /** What the table allows it, or the problem that it gets whatever it asks. */
  may: readonly Permission[] | ProblemCode;
  /** What it gets although the table allows what it asks. */
  beyond?: ProblemCode;
  /** Opens another session of the same person, and answers its token; null where there is none that works. */
  newSession: (() => Promise<string>) | null;
  /** Somebody with a second factor of their own. */
  person?: Person;
  /** It works in another workspace, so that nothing of this one is there for it. */
  isStranger?: true;
}

const DEFINED: readonly Permission[] = ['batches.read', 'payees.read', 'payees.write', 'people.read', 'exceptions.read', 'evidence.handle'];
const ELSEWHERE = '203.0.113.0/24';
const HOUR = 3_600_000;

/**
 * Every kind of principal, ready to ask the API for what is in the home workspace. A new kind is one line of a list below: who it is, and what
 * it may do by the table or how it is refused.
 */
export const principalsOf = async (world: ApiWorld, foreign: Workspace): Promise<Principal[]> => {
  const { home } = world;
  const owner = await world.member('owner');
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const asOwner = async (path: string, body: object): Promise<void> => {
    const { status, text } = await world.call(path, {
      method: 'POST',
      body,
      token: owner.token,
      headers: { 'idempotency-key': systemEntropy.newId() },
    });
    if (status >= 300) throw new Error(`${path} answered ${status} ${text}`);
  };

  const withRole = async (role: (typeof ROLE_NAMES)[number]): Promise<Principal> => {
    const { person, token } = await world.member(role);
    return {
      name: `a session of the role ${role}`,
      headers: bearer(token),
      may: permissionsOfRoles([role]),
      newSession: () => world.sessionOf(person),
      person,
    };
  };

  const withDefinedRole = async (): Promise<Principal> => {
    const person = await world.person('viewer');
    await asOwner('/v1/roles', { name: 'clerk', permissions: DEFINED });
    await asOwner(`/v1/people/${toWireId('person', person.id)}/roles`, { roles: ['clerk'] });
    return {
      name: 'a session of a role that the workspace defines',
      // Opened last, because a change of roles ends the sessions of before.
      headers: bearer(await world.sessionOf(person)),
      // Every role lets its people see and end their own sessions.
      may: [...DEFINED, 'sessions.own'],
      newSession: () => world.sessionOf(person),
      person,
    };
  };

  const key = async (name: string, scopes: readonly Permission[], may: Principal['may'], networks: string[] = []): Promise<Principal> => {
    const made = await world.apiKey(owner.person, [...scopes], home.tenantId, networks);
    return { name, headers: bearer(made.token), may, newSession: null };
  };

  /** The plan lets no key in, whatever its scopes are. */
  const keyOfStarter = async (): Promise<Principal> => {
    const { tenantId } = await world.workspace();
    await world.sqlIn(tenantId, `UPDATE workspace SET plan = 'starter' WHERE tenant_id = $1`, [tenantId]);
    const made = await world.apiKey(await world.person('owner', [tenantId]), [...KEY_SCOPES], tenantId);
    return { name: 'a key of a plan without access', headers: bearer(made.token), may: KEY_SCOPES, beyond: 'plan_required', newSession: null };
  };

  /** A key that something happens to after it is made. */
  const formerKey = async (name: string, may: Principal['may'], happens: (id: string) => Promise<unknown>): Promise<Principal> => {
    const made = await world.apiKey(owner.person, [...KEY_SCOPES]);
    await happens(uuidOf(made.id));
    return { name, headers: bearer(made.token), may, newSession: null };
  };
  const rotated = (grace_seconds: number) => async (key_id: string) =>
    must(await rotateApiKey(world.as(owner.person), { key_id, grace_seconds, code: await world.freshCode(owner.person) }));
  const revoked = (id: string) => world.as(owner.person).inTenant((stores) => stores.apiKeys.revoke(id));
  const expired = (id: string) => world.sql(`UPDATE api_key SET expires_at = now() - interval '1 second' WHERE id = $1`, [id]);

  /** A session of an admin who is or has something else by the time of the request. */
  const formerSession = async (name: string, may: ProblemCode, happens: (person: Person, token: string) => Promise<unknown>): Promise<Principal> => {
    const { person, token } = await world.member('admin');
    await happens(person, token);
    return { name, headers: bearer(token), may, newSession: null };
  };
  const ended = (_: Person, token: string) => world.call('/v1/sessions/current', { method: 'DELETE', token });
  const disabled = ({ id }: Person) => world.sql('UPDATE person SET disabled_at = now() WHERE id = $1', [id]);
  const disabledHere = ({ id }: Person) => asOwner(`/v1/people/${toWireId('person', id)}/disable`, {});

  const keyOfDisabled = async (): Promise<Principal> => {
    const person = await world.person('admin');
    const made = await world.apiKey(person, [...KEY_SCOPES]);
    await disabled(person);
    return { name: 'a key whose owner is disabled', headers: bearer(made.token), may: 'unauthenticated', newSession: null };
  };

  const expiredSession = async (): Promise<Principal> => {
    const person = await world.person('admin');
    const { token, hash } = world.credentials.newToken('session', 'test');
    const row = { id: systemEntropy.newId(), tokenHash: hash, personId: person.id, withFactor: true, expiresAt: new Date(Date.now() - HOUR) };
    await world.as(person).inTenant((stores) => stores.sessions.insert(row));
    return { name: 'an expired session', headers: bearer(token), may: 'session_expired', newSession: null };
  };

  /** Somebody of both workspaces, in the other one. */
  const elsewhere = async (): Promise<Principal[]> => {
    const person = await world.person('admin', [home.tenantId, foreign.tenantId]);
    const newSession = () => world.sessionOf(person, foreign.tenantId);
    const headers = bearer(await newSession());
    const stated = { ...headers, 'sluice-workspace': toWireId('workspace', home.tenantId) };
    return [
      { name: 'a session of another workspace that names this one', headers: stated, may: 'workspace_mismatch', newSession: null },
      { name: 'a session of another workspace', headers, may: permissionsOfRoles(['admin']), newSession, isStranger: true },
    ];
  };

  const all: Promise<Principal | Principal[]>[] = [
    ...ROLE_NAMES.map(withRole),
    withDefinedRole(),
    ...KEY_SCOPES.map((scope) => key(`a key of the scope ${scope}`, [scope], [scope])),
    key('a key that claims everything', PERMISSIONS, KEY_SCOPES),
    formerKey('a rotated key within its grace', KEY_SCOPES, rotated(600)),
    formerKey('a rotated key after its grace', 'unauthenticated', rotated(0)),
    formerKey('a revoked key', 'unauthenticated', revoked),
    formerKey('an expired key', 'unauthenticated', expired),
    keyOfDisabled(),
    keyOfStarter(),
    key('a key from outside its networks', KEY_SCOPES, 'network_not_allowed', [ELSEWHERE]),
    formerSession('an ended session', 'session_expired', ended),
    expiredSession(),
    formerSession('a disabled person', 'unauthenticated', disabled),
    formerSession('a disabled member', 'unauthenticated', disabledHere),
    elsewhere(),
    Promise.resolve({ name: 'nobody', headers: {}, may: 'unauthenticated', newSession: null }),
  ];
  return (await Promise.all(all)).flat();
};
