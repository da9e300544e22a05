import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { parseOptions } from '@node-rs/argon2';
import { recordedActor } from '../../domain/actors.js';
import { ROLES } from '../../domain/permissions.js';
import { PROBLEMS } from '../../domain/problems.js';
import { idempotent } from '../../operations/idempotency/guard.js';
import { changePassword } from '../../operations/session/change-password.js';
import { createSession } from '../../operations/session/create.js';
import { openCredentials } from '../../vault/credentials.js';
import { CHEAP_ARGON2 } from '../harness/cheap-argon2.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { codeOf, must } from '../world/wire.js';
import type { Workspace } from '../world/workspaces.js';

let world: World;
let live: Workspace;
beforeAll(async () => {
  world = await openWorld();
  live = await world.workspace({ mode: 'live' });
});
afterAll(() => world?.close());

const BUSY = { ok: false, refusal: { code: 'passwords_busy', detail: 'Later.', extra: { retry_after_seconds: 2 } } } as const;

const newPassword = () => randomBytes(12).toString('base64url');
const somebody = () => world.person('approver', [world.home.tenantId, live.tenantId]);
const signIn = async (person: Person, more: { password?: string; code?: string; workspace_id?: string } = {}) =>
  createSession(world.publicContext(), { email: person.email, password: person.password, code: await world.code(person), ...more });
/** Lets the codes of now be given once more, as half a minute would. */
const forgetCodes = async ({ factorId }: Person) => {
  await world.sql('ALTER TABLE factor DISABLE TRIGGER factor_steps');
  await world.sql('UPDATE factor SET last_step = 0 WHERE id = $1', [factorId]);
  await world.sql('ALTER TABLE factor ENABLE TRIGGER factor_steps');
};
/** The context of a session that was opened by signing in. */
const sessionOf = async (person: Person, workspace_id?: string) => {
  await forgetCodes(person);
  const { token = '' } = must(await signIn(person, workspace_id ? { workspace_id } : {}));
  await forgetCodes(person);
  const hash = world.hashOfToken(token);
  const resolved = await world.publicContext().directory.session(hash);
  if (!resolved) throw new Error('unresolved');
  return {
    ctx: world.as({ type: 'user', ...resolved }, resolved),
    isOpen: async () => !(await world.publicContext().directory.session(hash))?.ended,
  };
};
const input = async (person: Person, more: { password?: string; new_password?: string; code?: string } = {}) => ({
  ...{ password: person.password, new_password: newPassword(), code: await world.code(person) },
  ...more,
});

describe('changing the own password', () => {
  test('takes the present one and a code; the new one signs in, the old one no longer', async () => {
    const person = await somebody();
    const { ctx } = await sessionOf(person);
    const asked = await input(person);
    expect(must(await changePassword(ctx, asked))).toMatchObject({ object: 'password_change', ended_sessions: 0 });
    expect(codeOf(await signIn(person, { code: await world.code(person, 1) }))).toBe('invalid_credentials');
    expect(codeOf(await signIn(person, { password: asked.new_password, code: await world.code(person, 1) }))).toBe('ok');
  });

  test('ends every other session of the person, in every workspace, and no session of others [S5-14]', async () => {
    const [person, other] = [await somebody(), await somebody()];
    const own = await sessionOf(person);
    const others = [await sessionOf(person), await sessionOf(person, live.tenantId)];
    const foreign = await sessionOf(other);
    expect(must(await changePassword(own.ctx, await input(person))).ended_sessions).toBe(2);
    expect(await Promise.all([own, ...others, foreign].map(({ isOpen }) => isOpen()))).toEqual([true, false, false, true]);
  });

  test('stands in the log of each workspace of the person, once', async () => {
    const person = await somebody();
    const { ctx } = await sessionOf(person, live.tenantId);
    await changePassword(ctx, await input(person, { code: await world.wrongCode(person) }));
    await changePassword(ctx, await input(person, { new_password: 'too short' }));
    must(await changePassword(ctx, await input(person)));
    await world.deliverPersonEvents();
    for (const tenantId of [world.home.tenantId, live.tenantId]) {
      const events = (await world.audited('person.change_password', tenantId)).filter(({ subject_id }) => subject_id === person.id);
      expect(events.map(({ result }) => result).sort()).toEqual(['code_wrong', 'ok', 'password_refused']);
      expect(events.map(({ actor }) => actor)).toEqual(events.map(() => recordedActor(ctx.actor)));
    }
  });

  test('neither password is in any row', async () => {
    const person = await somebody();
    const { ctx } = await sessionOf(person);
    const asked = await input(person);
    must(await changePassword(ctx, asked));
    await world.deliverPersonEvents();
    const rows = await world.everyRow(world.home.tenantId);
    expect([rows.includes(asked.password), rows.includes(asked.new_password)]).toEqual([false, false]);
  });

  test('is for people who signed in', async () => {
    const person = await somebody();
    for (const actor of [
      { type: 'api_key', keyId: world.services.entropy.newId(), ownerPersonId: person.id, scopes: [] },
      {
        type: 'support_impersonator',
        operatorId: world.services.entropy.newId(),
        personId: person.id,
        roles: ['approver'],
        permissions: ROLES.approver,
      },
    ] as const)
      expect(codeOf(await changePassword(world.as(actor), await input(person)))).toBe('forbidden');
  });
});

describe('what is refused', () => {
  test('a new password that will not do names its field and the fix, and costs no code', async () => {
    const person = await somebody();
    const { ctx } = await sessionOf(person);
    const refused = async (new_password: string) => {
      const answer = await changePassword(ctx, await input(person, { new_password }));
      if (answer.ok) throw new Error('taken');
      expect([answer.refusal.code, answer.refusal.errors?.map(({ field }) => field)]).toEqual(['password_refused', ['new_password']]);
      expect(JSON.stringify(answer)).not.toContain(new_password);
      return answer.refusal.errors?.[0]?.reason;
    };
    const kinds = ['elevenchars', `x${'\u0001'}${newPassword()}`, 'passwordpassword', `${person.email} 1!`, 'sluice Demo 12!', person.password];
    const reasons = [];
    for (const kind of kinds) reasons.push(await refused(kind));
    expect(reasons).toEqual(['too_short', 'characters', 'common', 'personal', 'personal', 'unchanged']);
    expect(codeOf(await changePassword(ctx, await input(person)))).toBe('ok');
  });

  test('a wrong code is counted like one at a gate, and no password is looked at', async () => {
    const person = await somebody();
    const { ctx } = await sessionOf(person);
    const looked = jest.spyOn(world.services.credentials, 'checkPassword');
    const codes = [];
    for (let i = 0; i < 6; i++) codes.push(codeOf(await changePassword(ctx, await input(person, { code: await world.wrongCode(person) }))));
    expect(codes).toEqual([...Array(5).fill('code_wrong'), 'factor_locked']);
    expect(looked).not.toHaveBeenCalled();
    looked.mockRestore();
    // Of sign-in nothing was counted.
    expect(codeOf(await signIn(person))).toBe('ok');
  });

  test('a wrong present password uses the code up, so that a session alone tries one password in half a minute at most', async () => {
    const person = await somebody();
    const { ctx } = await sessionOf(person);
    const code = await world.code(person);
    const wrong = await changePassword(ctx, await input(person, { password: 'wrong', code }));
    expect(wrong).toMatchObject({ ok: false, refusal: { code: 'password_wrong', errors: [{ field: 'password', reason: 'wrong' }] } });
    expect(PROBLEMS.password_wrong.status).toBe(403);
    expect(codeOf(await changePassword(ctx, await input(person, { code })))).toBe('otp_step_used');
    expect(codeOf(await signIn(person, { code: await world.code(person, 1) }))).toBe('ok');
  });

  test('no refusal of a secret is kept under an idempotency key, and a success is', async () => {
    const person = await somebody();
    const { ctx } = await sessionOf(person);
    const request = { route: 'change_password' as const, key: world.services.entropy.newId(), input: {} };
    const send = (asked: Awaited<ReturnType<typeof input>>) => idempotent(ctx, request, (within) => changePassword(within, asked));
    const code = await world.code(person);
    expect(codeOf(await send(await input(person, { new_password: 'short' })))).toBe('password_refused');
    expect(codeOf(await send(await input(person, { password: 'wrong', code })))).toBe('password_wrong');
    expect(codeOf(await send(await input(person, { code })))).toBe('otp_step_used');
    await forgetCodes(person);
    expect(await send(await input(person))).toMatchObject({ ok: true, replayed: false });
    expect(await send(await input(person))).toMatchObject({ ok: true, replayed: true });
  });

  test('when too many passwords wait, nothing is changed', async () => {
    const person = await somebody();
    const { ctx } = await sessionOf(person);
    const looked = jest.spyOn(world.services.credentials, 'checkPassword').mockResolvedValueOnce(BUSY);
    const answer = await changePassword(ctx, await input(person));
    looked.mockRestore();
    expect(answer).toEqual(BUSY);
    expect(codeOf(await signIn(person, { code: await world.code(person, 1) }))).toBe('ok');
  });
});

describe('at the same time', () => {
  test('of 64 changes by one code exactly one is made', async () => {
    const person = await somebody();
    const { ctx } = await sessionOf(person);
    const code = await world.code(person);
    const asked = await Promise.all(Array.from({ length: 64 }, () => input(person, { code })));
    const answers = await Promise.all(asked.map((one) => changePassword(ctx, one)));
    const won = answers.findIndex(({ ok }) => ok);
    expect(answers.map(codeOf).sort()).toEqual(['ok', ...Array(63).fill('otp_step_used')]);
    expect(codeOf(await signIn(person, { password: asked[won]?.new_password ?? '', code: await world.code(person, 1) }))).toBe('ok');
  });

  test('a sign-in whose password was right before the change opens no session after it', async () => {
    const person = await somebody();
    const own = await sessionOf(person);
    const { credentials } = world.services;
    const check = credentials.checkPassword;
    const checked = jest.spyOn(credentials, 'checkPassword').mockImplementationOnce(async (stored, typed, personId) => {
      const right = await check(stored, typed, personId);
      checked.mockRestore();
      must(await changePassword(own.ctx, await input(person)));
      return right;
    });
    expect(codeOf(await signIn(person, { code: await world.code(person, 1) }))).toBe('invalid_credentials');
    expect(await world.sql('SELECT 1 FROM session WHERE person_id = $1 AND ended_at IS NULL', [person.id])).toHaveLength(1);
    await world.deliverPersonEvents();
    expect((await world.audited('session.create', live.tenantId)).filter(({ subject_id }) => subject_id === person.id)).toMatchObject([
      { result: 'invalid_credentials' },
    ]);
  });
});

describe('a hash that cost less than one of today', () => {
  const WEAK = { memoryKiB: 32, passes: 1, lanes: 1 };
  const weakly = async (person: Person) => {
    const hash = await openCredentials(world.keyFile, { argon2: WEAK }).hashPassword(person.password, person.id);
    await world.sql('UPDATE person SET password_hash = $2 WHERE id = $1', [person.id, hash]);
    return hash;
  };
  const hashOf = async ({ id }: Person) =>
    (
      await world.sql<{ password_hash: string; password_version: number }>('SELECT password_hash, password_version FROM person WHERE id = $1', [id])
    )[0];

  test('is replaced in the sign-in that proves its password; the password stays [S5-07]', async () => {
    const person = await somebody();
    await weakly(person);
    expect(codeOf(await signIn(person))).toBe('ok');
    const stored = await hashOf(person);
    expect(parseOptions(stored?.password_hash.split('~')[0] ?? '')).toMatchObject({ memoryCost: CHEAP_ARGON2.memoryKiB });
    expect(stored?.password_version).toBe(1);
    expect(codeOf(await signIn(person, { code: await world.code(person, 1) }))).toBe('ok');
    expect(await hashOf(person)).toEqual(stored);
  });

  test.each(['password', 'code'] as const)('stays when the %s was wrong', async (what) => {
    const person = await somebody();
    const weak = await weakly(person);
    const wrong = what === 'code' ? await world.wrongCode(person) : 'wrong';
    expect(codeOf(await signIn(person, { [what]: wrong }))).toBe('invalid_credentials');
    expect((await hashOf(person))?.password_hash).toBe(weak);
  });

  test('never takes the place of a password that was changed meanwhile', async () => {
    const person = await somebody();
    await weakly(person);
    const { credentials } = world.services;
    const hash = credentials.newPasswordHash;
    const changed = await credentials.newPasswordHash('another password', person.id);
    const hashing = jest.spyOn(credentials, 'newPasswordHash').mockImplementationOnce(async (typed, personId) => {
      const made = await hash(typed, personId);
      await world.as(person).inTenant((stores) => stores.passwords.change(person.id, 1, must(changed)));
      return made;
    });
    expect(codeOf(await signIn(person))).toBe('ok');
    hashing.mockRestore();
    expect(await hashOf(person)).toEqual({ password_hash: must(changed), password_version: 2 });
  });

  test('waits for the next sign-in when too many passwords are hashed', async () => {
    const person = await somebody();
    const weak = await weakly(person);
    const hashing = jest.spyOn(world.services.credentials, 'newPasswordHash').mockResolvedValueOnce(BUSY);
    expect(codeOf(await signIn(person))).toBe('ok');
    hashing.mockRestore();
    expect((await hashOf(person))?.password_hash).toBe(weak);
    expect(codeOf(await signIn(person, { code: await world.code(person, 1) }))).toBe('ok');
    expect((await hashOf(person))?.password_hash).not.toBe(weak);
  });
});
