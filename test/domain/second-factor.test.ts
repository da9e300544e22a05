import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  bareRecoveryCode,
  counts,
  decides,
  decidesFrom,
  groupedRecoveryCode,
  isOneTimeCode,
  RECOVERY_ALPHABET,
  RECOVERY_LENGTH,
  restingRefusal,
  type Standing,
} from '../../domain/second-factor.js';

const at = (hour: number): Date => new Date(hour * 3_600_000);
const standing = (more: Partial<Standing> = {}): Standing => ({ confirmedAt: at(1), gatesFrom: at(25), removedAt: null, ...more });

describe('a second factor', () => {
  test('counts from its confirmation to its removal', () => {
    expect(counts(standing())).toBe(true);
    expect(counts(standing({ confirmedAt: null, gatesFrom: null }))).toBe(false);
    expect(counts(standing({ removedAt: at(2) }))).toBe(false);
  });

  test('decides from the moment on at which it has rested, and no sooner', () => {
    expect([decides(standing(), at(24.99)), decides(standing(), at(25)), decides(standing(), at(26))]).toEqual([false, true, true]);
    expect(decides(standing({ removedAt: at(2) }), at(26))).toBe(false);
    expect(decides(standing({ confirmedAt: null, gatesFrom: null }), at(26))).toBe(false);
  });

  test('never decides while it does not count', () => {
    const time = fc.option(fc.integer({ min: 0, max: 100 }).map(at), { nil: null });
    fc.assert(
      fc.property(time, time, time, fc.integer({ min: 0, max: 100 }).map(at), (confirmedAt, gatesFrom, removedAt, now) => {
        const factor = { confirmedAt, gatesFrom, removedAt };
        if (decides(factor, now)) expect([counts(factor), gatesFrom !== null && gatesFrom <= now]).toEqual([true, true]);
      }),
    );
  });

  test('of several the first that has rested decides, and one that does not count is none of them', () => {
    const removed = standing({ gatesFrom: at(2), removedAt: at(3) });
    expect(decidesFrom([standing(), standing({ gatesFrom: at(9) }), removed])).toEqual(at(9));
    expect([decidesFrom([removed]), decidesFrom([])]).toEqual([null, null]);
    expect(restingRefusal(at(25))).toMatchObject({ code: 'factor_resting', extra: { decides_from: '1970-01-02T01:00:00.000Z' } });
    expect(restingRefusal(at(25)).detail).toContain('1970-01-02T01:00:00.000Z');
  });
});

describe('a recovery code', () => {
  const bare = fc
    .array(fc.constantFrom(...RECOVERY_ALPHABET), { minLength: RECOVERY_LENGTH, maxLength: RECOVERY_LENGTH })
    .map((characters) => characters.join(''));

  test('has 100 bits: 20 characters of 32 that nobody takes for another', () => {
    expect([RECOVERY_LENGTH, RECOVERY_ALPHABET.length, new Set(RECOVERY_ALPHABET).size]).toEqual([20, 32, 32]);
    for (const confusing of 'ilou') expect(RECOVERY_ALPHABET).not.toContain(confusing);
  });

  test('is the same in groups, in capitals, with blanks, and with letters for the digits that they look like', () => {
    fc.assert(
      fc.property(bare, (code) => {
        const grouped = groupedRecoveryCode(code);
        expect(grouped).toMatch(/^[0-9a-z]{5}(-[0-9a-z]{5}){3}$/);
        for (const typed of [code, grouped, grouped.toUpperCase(), grouped.replaceAll('-', ' '), grouped.replaceAll('0', 'O').replaceAll('1', 'l')])
          expect(bareRecoveryCode(typed)).toBe(code);
      }),
    );
  });

  test('is no code of an authenticator, nor anything of another length or alphabet', () => {
    fc.assert(fc.property(bare, (code) => expect(isOneTimeCode(code)).toBe(false)));
    for (const typed of ['123456', '', 'a'.repeat(19), 'a'.repeat(21), `${'a'.repeat(19)}u`, `${'a'.repeat(19)}é`])
      expect(bareRecoveryCode(typed)).toBeNull();
    expect([isOneTimeCode('123456'), isOneTimeCode('12345'), isOneTimeCode('1234567')]).toEqual([true, false, false]);
  });
});
