import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { enrolFactor } from '../../operations/factor/enrol.js';
import { listFactors } from '../../operations/factor/list.js';
import { removeFactor } from '../../operations/factor/remove.js';
import { renewRecoveryCodes } from '../../operations/factor/renew-recovery-codes.js';
import { createSession } from '../../operations/session/create.js';
import { lettersTo } from '../world/letters.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { codeOf, must } from '../world/wire.js';
import type { Workspace } from '../world/workspaces.js';

jest.setTimeout(120_000);

let world: World;
let elsewhere: Workspace;
beforeAll(async () => {
  world = await openWorld();
  elsewhere = await world.workspace();
});
afterAll(() => world?.close());

const somebody = () => world.person('approver', [world.home.tenantId, elsewhere.tenantId]);
const signIn = (who: Person, code: string) => createSession(world.publicContext(), { email: who.email, password: who.password, code });
const remove = async (who: Person, { factorId }: Person, code: string) => codeOf(await removeFactor(world.as(who), { factor_id: factorId, code }));
const recoveryCodes = async (who: Person): Promise<string[]> =>
  must(await renewRecoveryCodes(world.as(who), { code: await world.code(who) })).recovery_codes;
const templatesTo = async ({ email }: Person): Promise<string[]> => (await lettersTo(world, email)).map(({ template }) => template);
const leftOf = async (who: Person): Promise<number> => must(await listFactors(world.as(who))).recovery_codes_left;

describe('removing a factor', () => {
  test('takes a code of another one, erases its secret, and it signs in no more; the person and every log hear of it', async () => {
    const who = await somebody();
    const other = await world.secondFactor(who);
    expect(await remove(who, other, await world.code(other))).toBe('code_wrong');
    expect(await remove(who, other, await world.code(who))).toBe('ok');
    expect(codeOf(await signIn(who, await world.code(other, 1)))).toBe('invalid_credentials');
    expect(await world.sql('SELECT length(sealed) AS left FROM factor WHERE id = $1', [other.factorId])).toEqual([{ left: 0 }]);
    expect(await templatesTo(who)).toEqual(['factor_removed']);
    await world.deliverPersonEvents();
    for (const tenantId of [world.home.tenantId, elsewhere.tenantId]) {
      const events = (await world.audited('factor.remove', tenantId)).filter(({ subject_id }) => subject_id === who.id);
      expect(events.map(({ result }) => result).sort()).toEqual(['code_wrong', 'ok']);
    }
  });

  test('never takes the last one, nor one of somebody else, and asks for no code then', async () => {
    const [who, other] = [await somebody(), await somebody()];
    expect(await remove(who, who, await world.code(who))).toBe('last_factor');
    expect(await remove(who, other, await world.code(who))).toBe('not_found');
    expect(codeOf(await signIn(who, await world.code(who)))).toBe('ok');
  });

  test('a factor that has rested is removed by no code of one that has not; a recovery code does', async () => {
    const who = await somebody();
    const [recovery = ''] = await recoveryCodes(who);
    const fresh = await world.secondFactor(who, { rested: false });
    expect(await remove(who, who, await world.code(fresh))).toBe('factor_resting');
    expect(await remove(who, who, recovery)).toBe('ok');
  });

  test('nor are recovery codes made by it', async () => {
    const who = await somebody();
    const fresh = await world.secondFactor(who, { rested: false });
    expect(codeOf(await renewRecoveryCodes(world.as(who), { code: await world.code(fresh) }))).toBe('factor_resting');
    expect(codeOf(await renewRecoveryCodes(world.as(who), { code: await world.code(who) }))).toBe('ok');
  });

  test('of two removals of two factors at once one is left', async () => {
    const who = await somebody();
    const other = await world.secondFactor(who);
    const [mine, theirs] = [await world.code(who), await world.code(other)];
    const answers = await Promise.all([remove(who, other, mine), remove(who, who, theirs)]);
    expect(answers.sort()).toEqual(['last_factor', 'ok']);
  });
});

describe('recovery codes', () => {
  test('sign in in the place of a code, each once; the use is told, in every log, and how many are left is shown [S5-11]', async () => {
    const who = await somebody();
    const [first = '', second = ''] = await recoveryCodes(who);
    expect([codeOf(await signIn(who, first.toUpperCase())), codeOf(await signIn(who, first))]).toEqual(['ok', 'invalid_credentials']);
    expect(codeOf(await signIn(who, second))).toBe('ok');
    expect(await leftOf(who)).toBe(8);
    expect(await templatesTo(who)).toEqual(['recovery_codes_made', 'recovery_code_used', 'recovery_code_used']);
    await world.deliverPersonEvents();
    for (const tenantId of [world.home.tenantId, elsewhere.tenantId]) {
      const text = `SELECT detail FROM audit_event WHERE action = 'person.use_recovery_code' AND subject_id = $1 ORDER BY subject_seq`;
      expect(await world.sql(text, [who.id], tenantId)).toEqual([{ detail: { left: 9 } }, { detail: { left: 8 } }]);
    }
  });

  test('of 64 concurrent uses of one exactly one wins', async () => {
    const who = await somebody();
    const [code = ''] = await recoveryCodes(who);
    const answers = await Promise.all(Array.from({ length: 64 }, () => signIn(who, code)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    expect(await leftOf(who)).toBe(9);
  });

  test('are void once there are new ones', async () => {
    const who = await somebody();
    const [old = ''] = await recoveryCodes(who);
    must(await renewRecoveryCodes(world.as(who), { code: await world.code(who, 1) }));
    expect(codeOf(await signIn(who, old))).toBe('invalid_credentials');
    expect(await leftOf(who)).toBe(10);
  });

  test('let their owner in while whoever has the password locks the factor; those of somebody else do not', async () => {
    const [who, other] = [await somebody(), await somebody()];
    const [[code = ''], [foreign = '']] = [await recoveryCodes(who), await recoveryCodes(other)];
    const wrong = await world.wrongCode(who);
    for (let i = 0; i < 5; i++) await signIn(who, wrong);
    expect(codeOf(await signIn(who, foreign))).toBe('factor_locked');
    expect(codeOf(await signIn(who, code))).toBe('ok');
  });

  test('add and remove a factor, and do nothing else: no gate, no new codes', async () => {
    const who = await somebody();
    const other = await world.secondFactor(who);
    const [forEnrolment = '', forRemoval = '', forNothing = ''] = await recoveryCodes(who);
    expect(codeOf(await enrolFactor(world.as(who), { name: 'phone', code: forEnrolment }))).toBe('ok');
    expect(await remove(who, other, forRemoval)).toBe('ok');
    const batch = await world.batch();
    const challenge = await world.challenge(who, 'approve', batch.id);
    expect(codeOf(await world.tryGate(who, 'approve', batch.id, challenge, forNothing))).toBe('code_wrong');
    expect(codeOf(await renewRecoveryCodes(world.as(who), { code: forNothing }))).toBe('code_wrong');
    expect(await leftOf(who)).toBe(8);
  });
});
