import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { permissionsOf } from '../../domain/actors.js';
import { ROLES } from '../../domain/permissions.js';
import { CONFIRM_FAILURES_MAX, FACTORS_MAX } from '../../domain/second-factor.js';
import type { Context } from '../../operations/context.js';
import { confirmFactor } from '../../operations/factor/confirm.js';
import { enrolFactor } from '../../operations/factor/enrol.js';
import { listFactors } from '../../operations/factor/list.js';
import { createSession } from '../../operations/session/create.js';
import { lettersIn } from '../world/letters.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { codeOf, must, uuidOf } from '../world/wire.js';

jest.setTimeout(120_000);

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const signIn = (who: Person, code?: string) => createSession(world.publicContext(), { email: who.email, password: who.password, code });
/** The context of the session that a token opens. */
const within = async (token: string | undefined): Promise<Context> => {
  const owner = await world.publicContext().directory.session(world.hashOfToken(token ?? ''));
  if (!owner) throw new Error('unresolved');
  const { sessionId, personId, roles, permissions, sleeping } = owner;
  return world.as({ type: 'user', sessionId, personId, roles, permissions, sleeping });
};
/** Enrols and confirms; the person as who holds the new authenticator. */
const enrolled = async (who: Person, proof: { password?: string; code?: string }) => {
  const made = must(await enrolFactor(world.as(who), { name: 'phone', ...proof }));
  const holder = { ...who, secret: made.secret ?? '', factorId: uuidOf(made.id) };
  return { holder, made, confirmed: must(await confirmFactor(world.as(who), { factor_id: holder.factorId, code: await world.code(holder) })) };
};

describe('somebody without a second factor', () => {
  test('signs in without a code; what needs a factor sleeps, and the session says so and what to do', async () => {
    const who = await world.withoutFactor('admin');
    const session = must(await signIn(who));
    expect(session.sleeping_permissions).toEqual(expect.arrayContaining(['gates.approve', 'exceptions.confirm', 'people.manage', 'keys.manage']));
    expect(session.advice).toContain('POST /v1/factors');
    const ctx = await within(session.token);
    expect(permissionsOf(ctx.actor)).not.toContain('gates.approve');
    expect(permissionsOf(ctx.actor)).toContain('batches.read');
    expect([...permissionsOf(ctx.actor), ...session.sleeping_permissions].sort()).toEqual([...ROLES.admin].sort());
    const created = await world.sql(`SELECT actor, detail FROM audit_event WHERE action = 'session.create' AND subject_id = $1`, [
      uuidOf(session.id),
    ]);
    expect(created).toMatchObject([{ detail: { with_factor: false } }]);
    expect(JSON.stringify(created)).not.toContain('sleeping');
  });

  test('is refused with a code, as with a wrong one', async () => {
    const who = await world.withoutFactor('admin');
    expect(codeOf(await signIn(who, '123456'))).toBe('invalid_credentials');
  });

  test('enrols by the password, confirms by a code, gets ten recovery codes once, and wakes at the next sign-in alone [S4-12] [S5-10]', async () => {
    const who = await world.withoutFactor('admin');
    const { token } = must(await signIn(who));
    const { holder, made, confirmed } = await enrolled(who, { password: who.password });
    expect(made).toMatchObject({
      state: 'pending',
      name: 'phone',
      confirmed_at: null,
      otpauth_uri: expect.stringContaining('otpauth://totp/Sluice'),
    });
    expect(confirmed).toMatchObject({ state: 'active', id: made.id });
    expect(confirmed.recovery_codes).toHaveLength(10);
    expect(permissionsOf((await within(token)).actor)).not.toContain('people.manage');
    const awake = must(await signIn(who, await world.code(holder, 1)));
    expect([awake.sleeping_permissions, awake.advice]).toEqual([[], null]);
    expect(permissionsOf((await within(awake.token)).actor)).toContain('people.manage');
    const listed = must(await listFactors(world.as(who)));
    expect(listed).toMatchObject({ data: [{ id: made.id, state: 'active', last_used_at: expect.any(String) }], recovery_codes_left: 10 });
    const rows = await world.sql<{ row: string }>(
      'SELECT to_jsonb(f)::text AS row FROM factor f UNION ALL SELECT to_jsonb(r)::text FROM recovery_code r',
    );
    for (const secret of [made.secret ?? '', ...(confirmed.recovery_codes ?? [])]) expect(JSON.stringify(rows)).not.toContain(secret);
    expect(JSON.stringify(await lettersIn(world))).not.toContain(made.secret);
    expect((await lettersIn(world)).filter(({ to }) => to.email === who.email)).toMatchObject([{ letter: { template: 'factor_added' } }]);
  });

  test('enrols by nothing but the right password', async () => {
    const who = await world.withoutFactor('admin');
    const ctx = world.as(who);
    expect(codeOf(await enrolFactor(ctx, { name: 'phone' }))).toBe('password_wrong');
    expect(codeOf(await enrolFactor(ctx, { name: 'phone', password: 'another' }))).toBe('password_wrong');
    expect(codeOf(await enrolFactor(ctx, { name: 'phone', code: '123456' }))).toBe('password_wrong');
    expect(await world.sql('SELECT 1 FROM factor WHERE person_id = $1', [who.id])).toEqual([]);
  });

  test('of 64 concurrent confirmations exactly one wins, and one set of recovery codes is left', async () => {
    const who = await world.withoutFactor('admin');
    const made = must(await enrolFactor(world.as(who), { name: 'phone', password: who.password }));
    const [factor_id, code] = [uuidOf(made.id), await world.code({ ...who, secret: made.secret ?? '' })];
    const answers = await Promise.all(Array.from({ length: 64 }, () => confirmFactor(world.as(who), { factor_id, code })));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    expect(must(await listFactors(world.as(who))).recovery_codes_left).toBe(10);
  });
});

describe('somebody with a second factor', () => {
  test('who leaves the code out gets what a wrong code gets, and nothing is counted', async () => {
    const who = await world.person('approver');
    const left = await signIn(who);
    expect(left).toEqual(await signIn(who, await world.wrongCode(who)));
    for (let i = 0; i < 6; i++) expect(codeOf(await signIn(who))).toBe('invalid_credentials');
    expect(codeOf(await signIn(who, await world.code(who)))).toBe('ok');
  });

  test('adds another by a code of one, never by the password; either code counts then, each step once for each factor', async () => {
    const who = await world.person('approver');
    expect(codeOf(await enrolFactor(world.as(who), { name: 'phone', password: who.password }))).toBe('code_wrong');
    const { holder, confirmed } = await enrolled(who, { code: await world.code(who) });
    expect(confirmed.recovery_codes).toBeUndefined();
    expect(codeOf(await signIn(who, await world.code(who)))).toBe('otp_step_used');
    expect(codeOf(await signIn(who, await world.code(who, 1)))).toBe('ok');
    expect(codeOf(await signIn(who, await world.code(holder, 1)))).toBe('ok');
    expect(codeOf(await signIn(who, await world.code(holder, 1)))).toBe('otp_step_used');
  });

  test('has wrong codes counted for the account, whatever factor is meant', async () => {
    const who = await world.person('approver');
    const other = await world.secondFactor(who);
    const near = await Promise.all([-2, -1, 0, 1, 2].flatMap((steps) => [world.code(who, steps), world.code(other, steps)]));
    const wrong = ['000000', '111111', '222222', '333333', '444444', '555555', '666666'].find((guess) => !near.includes(guess)) ?? '';
    for (let i = 0; i < 5; i++) expect(codeOf(await signIn(who, wrong))).toBe('invalid_credentials');
    expect(codeOf(await signIn(who, await world.code(other)))).toBe('factor_locked');
  });

  test(`has ${FACTORS_MAX} at most`, async () => {
    const who = await world.person('approver');
    for (let i = 1; i < FACTORS_MAX; i++) await world.secondFactor(who);
    expect(codeOf(await enrolFactor(world.as(who), { name: 'one more', code: await world.code(who) }))).toBe('too_many_factors');
  });
});

describe('a factor that waits for its confirmation', () => {
  const waiting = async () => {
    const who = await world.person('approver');
    const made = must(await enrolFactor(world.as(who), { name: 'phone', code: await world.code(who) }));
    return { who, made, holder: { ...who, secret: made.secret ?? '', factorId: uuidOf(made.id) } };
  };

  test('is worth nothing', async () => {
    const { who, holder } = await waiting();
    expect(codeOf(await signIn(who, await world.code(holder)))).toBe('invalid_credentials');
  });

  test('is replaced by the next, and forgotten after an hour', async () => {
    const { who, holder } = await waiting();
    const next = must(await enrolFactor(world.as(who), { name: 'tablet', code: await world.code(who, 1) }));
    const confirm = async (factor: Person) =>
      codeOf(await confirmFactor(world.as(who), { factor_id: factor.factorId, code: await world.code(factor) }));
    expect(await confirm(holder)).toBe('not_found');
    await world.sql('ALTER TABLE factor DISABLE TRIGGER factor_stays');
    await world.sql(`UPDATE factor SET created_at = now() - interval '61 minutes' WHERE id = $1`, [uuidOf(next.id)]);
    await world.sql('ALTER TABLE factor ENABLE TRIGGER factor_stays');
    expect(await confirm({ ...who, secret: next.secret ?? '', factorId: uuidOf(next.id) })).toBe('not_found');
    expect(must(await listFactors(world.as(who))).data.map(({ state }) => state)).toEqual(['active']);
  });

  test('is confirmed by a right code alone, and is void after five wrong ones', async () => {
    const { who, holder } = await waiting();
    const wrong = await world.wrongCode(holder);
    const confirm = async (code: string) => codeOf(await confirmFactor(world.as(who), { factor_id: holder.factorId, code }));
    for (let i = 0; i < CONFIRM_FAILURES_MAX; i++) expect(await confirm(wrong)).toBe('code_wrong');
    expect(await confirm(await world.code(holder))).toBe('not_found');
  });

  test('is nobody else’s to confirm', async () => {
    const { holder } = await waiting();
    const other = await world.person('admin');
    expect(codeOf(await confirmFactor(world.as(other), { factor_id: holder.factorId, code: await world.code(holder) }))).toBe('not_found');
  });
});
