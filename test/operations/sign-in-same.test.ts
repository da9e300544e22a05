import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { createSession } from '../../operations/session/create.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { codeOf } from '../world/wire.js';

/**
 * The time of a failed sign-in tells nobody whether an account exists, because the work is the same for all: the same statements in the same
 * order, and one verification of a password. No time is measured here; `npm run bench -- sign-in` does.
 */

let world: World;
let workspaces: string[];
beforeAll(async () => {
  world = await openWorld();
  workspaces = [world.home.tenantId, (await world.workspace({ mode: 'live' })).tenantId, (await world.workspace()).tenantId];
});
afterAll(() => world?.close());
afterEach(() => {
  jest.restoreAllMocks();
});

interface Tried {
  email: string;
  password: string;
}

const signIn = ({ email, password }: Tried) => createSession(world.publicContext(), { email, password, code: '000000' });
const NOBODY: Tried = { email: 'nobody@example.com', password: 'a password' };

const { query } = pg.Client.prototype;

/** What a sign-in sends to the database, and what it asks of the vault. */
const workOf = async (tried: Tried) => {
  const statements: string[] = [];
  jest.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...given: unknown[]) {
    const [first] = given as [string | { text: string }];
    statements.push(typeof first === 'string' ? first : first.text);
    return Reflect.apply(query, this, given);
  } as typeof query);
  const verified = jest.spyOn(world.services.credentials, 'checkPassword');
  const hashed = jest.spyOn(world.services.credentials, 'newPasswordHash');
  const answer = await signIn(tried);
  const work = { statements, verified: verified.mock.calls.length, hashed: hashed.mock.calls.length };
  jest.restoreAllMocks();
  return { answer, work };
};

/** Connections are opened when they are first needed, and what that sends is no part of a sign-in. */
const warm = () => Promise.all(Array.from({ length: 8 }, () => signIn(NOBODY)));

const KINDS: readonly [string, () => Promise<Tried>][] = [
  ['a wrong password', async () => ({ ...(await world.person('approver', workspaces)), password: 'wrong' })],
  ['a wrong password of somebody in one workspace', async () => ({ ...(await world.person('approver')), password: 'wrong' })],
  ['a disabled person', () => disabled()],
  ['a disabled person and a wrong password', async () => ({ ...(await disabled()), password: 'wrong' })],
  ['a person without a workspace', () => world.person('approver', [])],
  ['a person without a workspace and a wrong password', async () => ({ ...(await world.person('approver', [])), password: 'wrong' })],
  ['somebody who left their workspaces', () => left()],
];

const disabled = async (): Promise<Person> => {
  const person = await world.person('approver', workspaces);
  await world.sql('UPDATE person SET disabled_at = now() WHERE id = $1', [person.id]);
  return person;
};

const left = async (): Promise<Person> => {
  const person = await world.person('approver', workspaces);
  for (const tenantId of workspaces)
    await world.sqlIn(tenantId, 'UPDATE membership SET disabled_at = now() WHERE tenant_id = $1 AND person_id = $2', [tenantId, person.id]);
  return person;
};

describe('a failed sign-in does the same work for', () => {
  test.each(KINDS)('%s as for an unknown e-mail', async (_kind, make) => {
    const tried = await make();
    await warm();
    const unknown = await workOf(NOBODY);
    const known = await workOf(tried);
    expect(known.answer).toEqual(unknown.answer);
    expect(codeOf(known.answer)).toBe('invalid_credentials');
    expect(known.work).toEqual(unknown.work);
    expect(unknown.work).toMatchObject({ verified: 1, hashed: 0 });
    expect(unknown.work.statements.filter((text) => text.startsWith('INSERT'))).toEqual([expect.stringMatching(/^INSERT INTO person_event /)]);
  });

  test('an e-mail that nobody has leaves nothing in any log', async () => {
    await workOf(NOBODY);
    expect(await world.sql('SELECT 1 FROM person_event')).not.toEqual([]);
    const eventsOf = async () => Promise.all(workspaces.map(async (id) => (await world.audited('session.create', id)).length));
    await world.deliverPersonEvents();
    const before = await eventsOf();
    await workOf(NOBODY);
    await world.deliverPersonEvents();
    expect(await eventsOf()).toEqual(before);
    expect(await world.sql('SELECT 1 FROM person_event')).toEqual([]);
  });
});
