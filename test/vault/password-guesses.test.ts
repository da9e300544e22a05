import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEMO_PEOPLE, newPassword } from '../../dev/seed/people.js';
import { passwordFault } from '../../domain/password.js';
import { estimateGuesses } from '../../vault/password-guesses.js';

const ABOUT = ['petra.nowak@demo.example', 'Petra Nowak', 'Demo live'];
const reasonOf = (password: string) => passwordFault(password, ABOUT, estimateGuesses)?.reason ?? null;

describe('the policy with the lists of leaked passwords and words', () => {
  test.each([
    // Of the lists themselves, and what people make of them to reach twelve characters.
    'passwordpassword',
    'Password12345!',
    'P@ssw0rd123456',
    'drowssap123456',
    'iloveyou123456',
    'letmein1234567',
    'qwertyuiop[]asd',
    '1qaz2wsx3edc4rfv',
    'football2024!!',
    'thisismypassword',
    'ManchesterUnited1',
    'trustno1trustno1',
    'monkeymonkeymonkey',
    // Repetitions and sequences.
    'aaaaaaaaaaaaaaaa',
    'abababababababab',
    'abcabcabcabcabc',
    '123412341234',
    'abcdefghijklmnop',
    'zyxwvutsrqponm',
    '98765432109876',
    'абвгдежзийклмн',
    '😀😀😀😀😀😀😀😀😀😀😀😀',
  ])('%s is among the first that are guessed', (password) => {
    expect(reasonOf(password)).toBe('common');
  });

  test.each([
    'petra.nowak@demo.example',
    'PetraNowak2024',
    'Nowak Petra Nowak',
    'sluicesluice',
    'Sluice-Demo-live!',
    'sluice12345678',
    'demo.example1!',
  ])('%s is what anybody knows', (password) => {
    expect(reasonOf(password)).toBe('personal');
  });

  test.each([
    'correct horse battery staple',
    'several words that are hard to guess',
    'lüfter gabel montag teppich',
    'окно трава чайник погода',
    'tall-ferns-drink-quiet-rain',
    'Petra keeps nine blue kettles',
  ])('%s will do', (password) => {
    expect(reasonOf(password)).toBeNull();
  });

  test('what a program makes will do: twelve random characters and more, of any kind', () => {
    for (let round = 0; round < 300; round++) {
      for (const password of [randomBytes(9).toString('base64'), randomBytes(8).toString('hex'), randomBytes(32).toString('base64url')])
        expect([password, reasonOf(password)]).toEqual([password, null]);
    }
  });

  test('the passwords of the demo will do for their people', () => {
    for (const { email, name } of DEMO_PEOPLE)
      for (let round = 0; round < 100; round++) {
        const password = newPassword();
        expect([password, passwordFault(password, [email, name, 'Demo test'], estimateGuesses)]).toEqual([password, null]);
      }
  });

  test('no repetition of up to three characters passes, in any script', () => {
    const unit = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 3 })
      .filter((text) => text.length <= 4 && !/[\p{Cc}\p{Cs}\p{Cn}]/u.test(text));
    fc.assert(
      fc.property(unit, fc.integer({ min: 12, max: 80 }), (text, times) => {
        const password = text.repeat(times);
        if (password.normalize('NFKC').length <= 256) expect(reasonOf(password)).not.toBeNull();
      }),
    );
  });

  test('no run of the alphabet or of digits passes, forwards or backwards', () => {
    const alphabet = 'abcdefghijklmnopqrstuvwxyz';
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 14 }), fc.integer({ min: 12, max: 26 }), fc.boolean(), (from, length, backwards) => {
        const run = alphabet.slice(from, from + length);
        expect(reasonOf(backwards ? [...run].reverse().join('') : run)).toBe('common');
      }),
    );
  });

  test('only the beginning of a long one is looked at', () => {
    const long = 'pP4a@5sS$1234567890qwertyuiop'.repeat(9);
    expect(estimateGuesses(long, [])).toBe(estimateGuesses(long.slice(0, 40), []));
  });

  test('the estimate of nothing is no guess', () => {
    expect(estimateGuesses('', [])).toBe(0);
  });
});
