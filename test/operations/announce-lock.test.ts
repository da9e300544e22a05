import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Letters } from '../../domain/letter.js';
import { announceLock } from '../../operations/factor/announce-lock.js';
import { matchCode, usableFactors } from '../../operations/factor/match-code.js';
import { createSession } from '../../operations/session/create.js';
import { lettersIn } from '../world/letters.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';

jest.setTimeout(120_000);

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());
beforeEach(() => world.sql('DELETE FROM mail_message'));

const signInWrongly = async (person: Person, times: number): Promise<void> => {
  const code = await world.wrongCode(person);
  for (let i = 0; i < times; i++) await createSession(world.publicContext(), { email: person.email, password: person.password, code });
};

const lockOf = async ({ id }: Person) => {
  const [row] = await world.sql<{ failures: number; locked_until: Date | null }>(
    `SELECT failures, locked_until FROM factor_failures WHERE person_id = $1 AND purpose = 'sign_in'`,
    [id],
  );
  return row;
};

describe('a lock after too many wrong codes', () => {
  test('is told to the person, once, with its times', async () => {
    const person = await world.person('approver');
    await signInWrongly(person, 4);
    expect(await lettersIn(world)).toEqual([]);
    await signInWrongly(person, 3);
    const letters = await lettersIn(world);
    const { locked_until } = (await lockOf(person)) ?? {};
    expect(letters).toMatchObject([
      {
        to: { name: 'The approver', email: person.email },
        letter: { template: 'factor_locked', params: { locked_at: expect.any(String), locked_until: locked_until?.toISOString() } },
      },
    ]);
    const [params = { locked_at: '', locked_until: '' }] = letters.map(({ letter }) => letter.params as Letters['factor_locked']);
    expect(Date.parse(params.locked_until) - Date.parse(params.locked_at)).toBe(60_000);
  });

  test('is told once however many codes are sent at once, and each lock by itself', async () => {
    const person = await world.person('approver');
    await Promise.all(Array.from({ length: 16 }, () => signInWrongly(person, 1)));
    expect(await lettersIn(world)).toHaveLength(1);
    await world.sql(`UPDATE factor_failures SET locked_until = now() - interval '1 second' WHERE person_id = $1`, [person.id]);
    await signInWrongly(person, 5);
    expect(await lettersIn(world)).toHaveLength(2);
  });

  test('is told in the transaction that locks, and by the request that did it: both commit, or none', async () => {
    const person = await world.person('approver');
    await signInWrongly(person, 4);
    const code = await world.wrongCode(person);
    const asPerson = world.as(person);
    const lock = (fate: 'commits' | 'rolls back') =>
      asPerson.inTenant(async (stores) => {
        const factors = await usableFactors(stores, person.id, 'sign_in');
        if (!factors.ok) throw new Error(factors.refusal.code);
        const answer = await matchCode(asPerson, stores, factors.value, code);
        if (fate === 'rolls back') throw new Error('rolled back');
        return answer;
      });
    await expect(lock('rolls back')).rejects.toThrow('rolled back');
    expect([await lettersIn(world), await lockOf(person)]).toEqual([[], { failures: 4, locked_until: null }]);
    expect(await lock('commits')).toMatchObject({ ok: false, refusal: { code: 'code_wrong', extra: { failures_left: 0 } } });
    expect(await lettersIn(world)).toMatchObject([{ requestId: asPerson.requestId, to: { email: person.email } }]);
    expect((await lockOf(person))?.locked_until).not.toBeNull();
  });

  test('lies in the database sealed', async () => {
    const person = await world.person('approver');
    await signInWrongly(person, 5);
    const [row] = await world.sql<{ line: string }>('SELECT t::text AS line FROM mail_message t');
    const hexOf = (text: string): string => Buffer.from(text).toString('hex');
    expect(row?.line).toContain('factor_locked');
    for (const text of [person.email, 'The approver', 'locked_until']) {
      expect(row?.line).not.toContain(text);
      expect(row?.line).not.toContain(hexOf(text));
    }
  });

  test('of somebody whom the workspace does not know takes nothing back', async () => {
    const foreign = await world.workspace();
    const stranger = await world.person('approver', [foreign.tenantId]);
    await world.api().inTenant((stores) => announceLock(world.api(), stores, stranger.id, new Date()));
    expect(await lettersIn(world)).toEqual([]);
  });
});
