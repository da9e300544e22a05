import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  bareRecoveryCode,
  CONFIRM_FAILURES_MAX,
  counts,
  decides,
  decidesFrom,
  FACTOR_REST_HOURS,
  FACTORS_MAX,
  groupedRecoveryCode,
  isOneTimeCode,
  PENDING_MS,
  RECOVERY_ALPHABET,
  RECOVERY_CODES,
  RECOVERY_LENGTH,
  RESET_MS,
  restingRefusal,
  type Standing,
  TOO_MANY_FACTORS,
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
    expect(decides(standing({ gatesFrom: null }), at(26))).toBe(false);
  });

  test('waits for an hour to be confirmed, its reset for a day, and there are so many', () => {
    expect([PENDING_MS, RESET_MS]).toEqual([3_600_000, 86_400_000]);
    expect([FACTORS_MAX, CONFIRM_FAILURES_MAX, RECOVERY_CODES, FACTOR_REST_HOURS]).toEqual([5, 5, 10, 24]);
    expect(TOO_MANY_FACTORS).toEqual({
      code: 'too_many_factors',
      detail: 'Nobody has more than 5 second factors. Remove one that you do not use.',
    });
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
    expect([decidesFrom([removed]), decidesFrom([]), decidesFrom([standing({ gatesFrom: null })])]).toEqual([null, null, null]);
    expect(decidesFrom([standing({ gatesFrom: null }), standing()])).toEqual(at(25));
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
        for (const typed of [
          code,
          grouped,
          grouped.toUpperCase(),
          grouped.replaceAll('-', ' '),
          grouped.replaceAll('0', 'O').replaceAll('1', 'l'),
          code.replaceAll('1', 'I'),
        ])
          expect(bareRecoveryCode(typed)).toBe(code);
        expect(bareRecoveryCode(` ${code}\t\n`)).toBe(code);
      }),
    );
    expect([groupedRecoveryCode('abc'), groupedRecoveryCode('')]).toEqual(['abc', '']);
  });

  test('is no code of an authenticator, nor anything of another length or alphabet', () => {
    fc.assert(fc.property(bare, (code) => expect(isOneTimeCode(code)).toBe(false)));
    for (const typed of ['123456', '', 'a'.repeat(19), 'a'.repeat(21), `${'a'.repeat(19)}u`, `${'a'.repeat(19)}é`])
      expect(bareRecoveryCode(typed)).toBeNull();
    for (const code of ['000000', '123456', '999999']) expect([code, isOneTimeCode(code)]).toEqual([code, true]);
    for (const code of ['', '12345', '1234567', 'x123456', '123456x', '12 456', '١٢٣٤٥٦', '123456\n'])
      expect([code, isOneTimeCode(code)]).toEqual([code, false]);
  });
});
