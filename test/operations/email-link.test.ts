import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { LETTERS_AN_HOUR } from '../../domain/email-link.js';
import { askPasswordReset } from '../../operations/email-link/ask-reset.js';
import { askEmailVerification } from '../../operations/email-link/ask-verification.js';
import { completePasswordReset } from '../../operations/email-link/complete-reset.js';
import { completeEmailVerification } from '../../operations/email-link/complete-verification.js';
import { changePassword } from '../../operations/session/change-password.js';
import { createSession } from '../../operations/session/create.js';
import { systemEntropy } from '../../vault/entropy.js';
import { lettersIn, lettersTo } from '../world/letters.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { codeOf, must, refusalOf } from '../world/wire.js';
import type { Workspace } from '../world/workspaces.js';

jest.setTimeout(120_000);

let world: World;
let live: Workspace;
beforeAll(async () => {
  world = await openWorld();
  live = await world.workspace({ mode: 'live' });
});
afterAll(() => world?.close());
beforeEach(async () => {
  await world.sql('DELETE FROM mail_message');
  await world.sql('DELETE FROM email_link');
});
afterEach(() => {
  jest.restoreAllMocks();
});

const newPassword = () => randomBytes(12).toString('base64url');
const somebody = () => world.person('approver', [world.home.tenantId, live.tenantId]);
const ask = (email: string) => askPasswordReset(world.publicContext(), { email });
const asked = async (email: string) => {
  must(await ask(email));
  await world.issueEmailLinks();
};
/** The token of the newest letter of a kind. */
const tokenTo = async (email: string, template: 'password_reset' | 'email_verification' = 'password_reset'): Promise<string> => {
  const letter = (await lettersTo(world, email)).filter((one) => one.template === template).at(-1);
  if (letter?.template !== template) throw new Error(`no letter to ${email}`);
  return letter.params.token;
};
const reset = (token: string, new_password = newPassword()) => completePasswordReset(world.publicContext(), { token, new_password });
const verify = (token: string) => completeEmailVerification(world.publicContext(), { token });
const signIn = async (person: Person, password: string) =>
  createSession(world.publicContext(), { email: person.email, password, code: await world.code(person) });
const session = async (person: Person, tenantId: string) => {
  const { hash } = world.credentials.newToken('session', 'test');
  const row = { id: systemEntropy.newId(), tokenHash: hash, personId: person.id, withFactor: true, expiresAt: new Date(Date.now() + 3_600_000) };
  await world.as(person, { tenantId }).inTenant((stores) => stores.sessions.insert(row));
  return async () => (await world.publicContext().directory.session(hash))?.ended === false;
};
const verifiedAt = async ({ id }: Person) =>
  (await world.sql<{ at: Date | null }>('SELECT email_verified_at AS at FROM person WHERE id = $1', [id]))[0]?.at ?? null;

describe('a reset of the password', () => {
  test('reaches the person by a letter, which has the only token; the new password signs in with the second factor of before [S5-09]', async () => {
    const person = await somebody();
    await asked(person.email.toUpperCase());
    const token = await tokenTo(person.email);
    const rows = await world.everyRow(world.home.tenantId);
    expect([rows.includes(token), rows.includes(Buffer.from(world.hashOfToken(token)).toString('hex'))]).toEqual([false, true]);
    const password = newPassword();
    expect(must(await reset(token, password))).toMatchObject({ object: 'completed_password_reset', ended_sessions: 0 });
    expect(codeOf(await signIn(person, person.password))).toBe('invalid_credentials');
    const wrong = await world.wrongCode(person);
    expect(codeOf(await createSession(world.publicContext(), { email: person.email, password, code: wrong }))).toBe('invalid_credentials');
    expect(codeOf(await signIn(person, password))).toBe('ok');
    expect(await verifiedAt(person)).toEqual(expect.any(Date));
  });

  test('ends every session of the person, in all workspaces, and none of others', async () => {
    const [person, other] = [await somebody(), await somebody()];
    const open = [await session(person, world.home.tenantId), await session(person, live.tenantId), await session(other, world.home.tenantId)];
    await asked(person.email);
    expect(must(await reset(await tokenTo(person.email))).ended_sessions).toBe(2);
    expect(await Promise.all(open.map((isOpen) => isOpen()))).toEqual([false, false, true]);
  });

  test('is told to the person, and stands in the log of each of their workspaces, once', async () => {
    const person = await somebody();
    await asked(person.email);
    must(await reset(await tokenTo(person.email)));
    expect((await lettersTo(world, person.email)).map(({ template }) => template)).toEqual(['password_reset', 'password_was_reset']);
    await world.deliverPersonEvents();
    for (const tenantId of [world.home.tenantId, live.tenantId]) {
      for (const action of ['password_reset.ask', 'person.reset_password'])
        expect((await world.audited(action, tenantId)).filter(({ subject_id }) => subject_id === person.id)).toMatchObject([{ result: 'ok' }]);
    }
  });

  test('is used once, and of 64 at once exactly one is', async () => {
    const person = await somebody();
    await asked(person.email);
    const token = await tokenTo(person.email);
    const passwords = Array.from({ length: 64 }, newPassword);
    const answers = await Promise.all(passwords.map((password) => reset(token, password)));
    expect(answers.map(codeOf).sort()).toEqual([...Array(63).fill('link_not_valid'), 'ok']);
    expect(codeOf(await signIn(person, passwords[answers.findIndex(({ ok }) => ok)] ?? ''))).toBe('ok');
  });

  test.each(['a newer one', 'a new password', 'a day', 'a link of another kind', 'a disabled person', 'a made-up token'] as const)(
    'is void after %s, with one answer for all [S5-09]',
    async (what) => {
      const person = await somebody();
      await asked(person.email);
      let token = await tokenTo(person.email);
      if (what === 'a newer one') await asked(person.email);
      if (what === 'a new password') {
        const input = { password: person.password, new_password: newPassword(), code: await world.code(person) };
        must(await changePassword(world.as(person), input));
      }
      if (what === 'a day') await world.sql('UPDATE email_link SET expires_at = now() WHERE person_id = $1', [person.id]);
      if (what === 'a link of another kind') {
        must(await askEmailVerification(world.as(person)));
        token = await tokenTo(person.email, 'email_verification');
      }
      if (what === 'a disabled person') await world.sql('UPDATE person SET disabled_at = now() WHERE id = $1', [person.id]);
      if (what === 'a made-up token') token = world.credentials.newToken('link', 'live').token;
      const before = await world.publicContext().directory.person(person.email);
      const answer = await reset(token);
      expect(codeOf(answer)).toBe('link_not_valid');
      expect(answer).toEqual(await reset('no token at all'));
      expect(await world.publicContext().directory.person(person.email)).toEqual(before);
    },
  );

  test('is not undone by a password that will not do: the link stays good', async () => {
    const person = await somebody();
    await asked(person.email);
    const token = await tokenTo(person.email);
    expect(refusalOf(await reset(token, 'short'))).toEqual({ code: 'password_refused', errors: ['new_password too_short'] });
    expect(refusalOf(await reset(token, person.email))).toEqual({ code: 'password_refused', errors: ['new_password personal'] });
    expect(codeOf(await reset(token))).toBe('ok');
  });

  test(`is written ${LETTERS_AN_HOUR} times an hour at most, and the last letter stays good`, async () => {
    const person = await somebody();
    for (let i = 0; i < LETTERS_AN_HOUR + 2; i++) await asked(person.email);
    expect(await lettersTo(world, person.email)).toHaveLength(LETTERS_AN_HOUR);
    expect(codeOf(await reset(await tokenTo(person.email)))).toBe('ok');
  });
});

describe('who asks for a reset learns nothing', () => {
  const { query } = pg.Client.prototype;
  /** What a request sends to the database, with its answer. */
  const workOf = async (email: string) => {
    const statements: string[] = [];
    jest.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...given: unknown[]) {
      const [first] = given as [string | { text: string }];
      statements.push(typeof first === 'string' ? first : first.text);
      return Reflect.apply(query, this, given);
    } as typeof query);
    const answer = await ask(email);
    jest.restoreAllMocks();
    return { answer, statements };
  };
  const disabled = async () => {
    const person = await somebody();
    await world.sql('UPDATE person SET disabled_at = now() WHERE id = $1', [person.id]);
    return person.email;
  };

  test.each([
    ['somebody', async () => (await somebody()).email],
    ['somebody who is disabled', disabled],
    ['somebody without a workspace', async () => (await world.person('approver', [])).email],
  ] as const)('of %s: the same statements and the same answer as for an address that nobody has', async (_who, make) => {
    const email = await make();
    await Promise.all(Array.from({ length: 8 }, () => ask('nobody@example.com')));
    const unknown = await workOf('nobody@example.com');
    const known = await workOf(email);
    expect(known).toEqual(unknown);
    expect(unknown.statements.length).toBeGreaterThan(0);
    expect(await lettersIn(world)).toEqual([]);
  });

  test('and only who may sign in is written to', async () => {
    const emails = [await disabled(), (await world.person('approver', [])).email, 'nobody@example.com'];
    for (const email of emails) await asked(email);
    expect(await lettersIn(world)).toEqual([]);
    expect(await world.sql('SELECT 1 FROM email_link WHERE token_hash IS NULL')).toEqual([]);
  });
});

describe('a proof of the own address', () => {
  const letter = async (person: Person) => {
    must(await askEmailVerification(world.as(person)));
    return tokenTo(person.email, 'email_verification');
  };

  test('is a letter whose link works once, of 64 at once too, and stands in the logs of all workspaces', async () => {
    const person = await somebody();
    const token = await letter(person);
    expect(await verifiedAt(person)).toBeNull();
    const answers = await Promise.all(Array.from({ length: 64 }, () => verify(token)));
    expect(answers.map(codeOf).sort()).toEqual([...Array(63).fill('link_not_valid'), 'ok']);
    expect(await verifiedAt(person)).toEqual(expect.any(Date));
    await world.deliverPersonEvents();
    for (const tenantId of [world.home.tenantId, live.tenantId])
      expect((await world.audited('person.verify_email', tenantId)).filter(({ subject_id }) => subject_id === person.id)).toHaveLength(1);
  });

  test('is void after a newer one, and outlives a new password', async () => {
    const person = await somebody();
    const [first, second] = [await letter(person), await letter(person)];
    const input = { password: person.password, new_password: newPassword(), code: await world.code(person) };
    must(await changePassword(world.as(person), input));
    expect([codeOf(await verify(first)), codeOf(await verify(second))]).toEqual(['link_not_valid', 'ok']);
  });

  test('is written three times an hour, and for people alone', async () => {
    const person = await somebody();
    for (let i = 0; i < LETTERS_AN_HOUR; i++) await letter(person);
    expect(await askEmailVerification(world.as(person))).toMatchObject({
      ok: false,
      refusal: { code: 'rate_limited', extra: { retry_after_seconds: 3_600 } },
    });
    const key = world.as({ type: 'api_key', keyId: systemEntropy.newId(), ownerPersonId: person.id, scopes: [] });
    expect(codeOf(await askEmailVerification(key))).toBe('forbidden');
  });
});
